"""From a commit to a running version: ``python -m infra.rollout``. Build a package, publish it, watch it, roll back.

What lives here runs on an operator's machine or in a pipeline, never in the app. It speaks to Azure by ``az``, and to
the app as anybody would. docs/release.md tells the story.
"""
