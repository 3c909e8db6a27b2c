"""Why a command about policies or approvals is refused by the state of what it is about."""

from ..errors import Invalid, Rejected


class BundleUnknown(Rejected):
    """There is no bundle {digest}. `symbi policy list` shows those that are registered."""


class BundleKnownAlready(Rejected):
    """The bundle {digest} is registered already."""


class BundleRetiredAlready(Rejected):
    """The bundle {digest} was retired, which is for good; register it under another version."""


class BundleActiveAlready(Rejected):
    """The bundle {digest} is the active one already."""


class BundleUnfit(Invalid):
    """The bundle is not what the command says: {why}"""


class NothingToRollBackTo(Rejected):
    """No bundle was active before this one that is not retired."""


class ViolationKnownAlready(Rejected):
    """The violation of decision {decision_id} is recorded already."""


class ApprovalUnknown(Rejected):
    """There is no approval {approval_id}. `symbi approval list` shows those that wait."""


class ApprovalExists(Rejected):
    """The approval {approval_id} is requested already."""


class ApprovalClosed(Rejected):
    """The approval {approval_id} is {status} already."""


class ApprovalHasExpired(Rejected):
    """The time of approval {approval_id} was over at {expires_at}."""


class ApprovalHasTime(Rejected):
    """The approval {approval_id} has until {expires_at}."""


class ApprovesItself(Rejected):
    """{actor} asked for approval {approval_id}, or acts for whoever did; somebody else has to decide it."""


class ApprovedAlready(Rejected):
    """{actor} granted approval {approval_id} already; its quorum needs others."""


class ApprovesSomethingElse(Rejected):
    """What would run under approval {approval_id} is {expected}, not {given}: look at it again."""
