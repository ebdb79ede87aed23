"""MiniStack, with one thing of it put right.

Where its CloudFormation creates a function, MiniStack 1.5.33 ends the running ones of that name in every
account (`invalidate_worker` without an account), in the middle of what they do. Functions of one account are
none of another's.
"""

import runpy

from ministack.services import lambda_svc

everywhere = lambda_svc.invalidate_worker


def invalidate_worker(func_name, qualifier=None, account=None, region=None):
    here = account or lambda_svc.get_account_id(), region or lambda_svc.get_region()
    everywhere(func_name, qualifier, *here)


lambda_svc.invalidate_worker = invalidate_worker
runpy.run_module("ministack", run_name="__main__", alter_sys=True)
