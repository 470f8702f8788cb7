"""The list of all messages, and their one codec."""

import msgspec

from . import accounts, auctions, countdowns, disconnects, fees, limitations, markets, remembering, system, transfers
from .base import Seq

AnyCommand = (
    system.Genesis
    | system.Tick
    | system.ActivateRule
    | system.AdoptClock
    | system.RecordHead
    | markets.ListAsset
    | markets.ListMarket
    | markets.SetMarketStatus
    | markets.SetFilters
    | markets.SetFees
    | limitations.SetExchangeLimits
    | limitations.SetAssetLimit
    | limitations.SetMinNotional
    | fees.SetVolumeTiers
    | fees.SetExtraFees
    | fees.SetDiscount
    | fees.SetMarketDiscount
    | fees.SetDiscountPayment
    | fees.SetReferral
    | accounts.OpenAccount
    | accounts.SetAccount
    | accounts.GrantApiKey
    | accounts.RevokeApiKey
    | auctions.SetProtection
    | auctions.StartAuction
    | auctions.KillSwitch
    | auctions.SetFeatures
    | countdowns.SetCountdown
    | disconnects.ArmSession
    | disconnects.EndSession
    | transfers.Credit
    | transfers.Debit
)

AnyEvent = (
    system.Started
    | system.CommandRejected
    | system.RuleActivated
    | system.Parked
    | system.ClockAdopted
    | system.HeadRecorded
    | markets.AssetListed
    | markets.MarketListed
    | markets.MarketStatusSet
    | markets.FiltersSet
    | markets.FeesSet
    | markets.MarketEmptied
    | limitations.ExchangeLimitsSet
    | limitations.AssetLimitSet
    | limitations.MinNotionalSet
    | fees.VolumeTiersSet
    | fees.ExtraFeesSet
    | fees.DiscountSet
    | fees.MarketDiscountSet
    | fees.DiscountPaymentSet
    | fees.ReferralSet
    | accounts.AccountOpened
    | accounts.AccountSet
    | accounts.ApiKeyGranted
    | accounts.ApiKeyRevoked
    | auctions.ProtectionSet
    | auctions.AuctionStarted
    | auctions.AuctionIndicated
    | auctions.AuctionEnded
    | auctions.Killed
    | auctions.FeaturesSet
    | countdowns.CountdownSet
    | disconnects.SessionArmed
    | disconnects.SessionEnded
    | remembering.OrderRepeated
    | transfers.Posted
)


class Entry(msgspec.Struct, frozen=True):
    """A command with the number and the time that the sequencer gave it."""

    seq: Seq
    ts_ns: int
    command: AnyCommand


encoder = msgspec.msgpack.Encoder()
command_decoder: msgspec.msgpack.Decoder[AnyCommand] = msgspec.msgpack.Decoder(AnyCommand)
event_decoder: msgspec.msgpack.Decoder[AnyEvent] = msgspec.msgpack.Decoder(AnyEvent)
commands_decoder: msgspec.msgpack.Decoder[list[AnyCommand]] = msgspec.msgpack.Decoder(list[AnyCommand])


def encode_commands(commands: list[AnyCommand]) -> bytes:
    """The payload of a MESSAGES frame: one MessagePack array of commands, each an array of its tag and fields."""
    return encoder.encode(commands)


def decode_commands(payload: bytes | memoryview) -> list[AnyCommand]:
    """The commands of a MESSAGES frame."""
    return commands_decoder.decode(payload)
