"""The embedded default: a real mongod and real Parse Servers, thrown away afterwards."""

from parity.stack.launch import (
    default_members,
    stack_problem,
    start_stack,
    stop_stack,
)
from parity.stack.stack import Member, Stack, hosted_member, selfhosted_member

__all__ = [
    "Member",
    "Stack",
    "default_members",
    "hosted_member",
    "selfhosted_member",
    "stack_problem",
    "start_stack",
    "stop_stack",
]
