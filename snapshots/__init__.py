"""The short cut: named, hashed states, written beside the running process and put in place in one step.

This package stands alone. It imports the standard library only and knows nothing of trading: a state is bytes. A
snapshot can always be thrown away; the journal makes it anew. `README.md` beside this file describes the format.

    store   the file: encode, check, publish, find the newest valid one, retain
    writer  the forked child that encodes while its parent goes on
"""
