"""The record: commands in one order, as bytes on disk, hashed, and verified whenever they are read.

This package stands alone. It imports the standard library only and knows nothing of trading: a payload is bytes,
a command is a number. `README.md` beside this file describes the format well enough to write a reader of it.

    errors      what can be wrong with a journal, as exceptions
    disk        every file operation, so that a simulator can put a faulty disk there
    frame       one frame: header, checksum, hash chain, payload
    segment     the files: names, header block, the next one prepared ahead
    scan        one pass over the frames of a segment; tells a torn tail from corruption
    walk        from segment to segment
    helper      a second process: start, messages, memory in common
    ahead       reading and verifying in it
    reader      frames from a seq on, the notes, the chain value at a seq
    beside      putting a batch on disk; a large one by the second process
    writer      Journal: a batch is one write and one fdatasync; seals, notes, rolling
    verify      the whole journal hashed anew, held against heads from outside
    quarantine  the note that says: this command made the engine fail
"""
