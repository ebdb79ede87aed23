# The commands of a contributor. `just` is not needed: every recipe is one line that works when it is
# typed. What CI checks is written down in .ci/run alone.

[private]
default:
    @just --list --unsorted

# The main job end to end, in an AWS Organization on this machine
local-org *ARGS:
    cargo local-org {{ ARGS }}

# Every test, or those whose name contains a text
test *NAMES:
    cargo all-tests -- {{ NAMES }}

# What is found without running anything: format, spelling, import circles, clippy
lint:
    .ci/run format spelling circles clippy

# The API's documentation, every warning an error
docs:
    .ci/run documentation

# The Lambda zips, below target/lambda
zips:
    .ci/lambda-zips

# The CloudFormation templates: linters and traps
templates:
    .ci/validate-templates

# Everything that CI checks
ci:
    .ci/run

# Rewrite docs/tour.md from a run
tour:
    .ci/tour

# λ transform against its yardsticks (docs/performance.md)
bench:
    cargo bench-transform

# Accept what every snapshot shows now, then read the difference
snapshots *NAMES:
    INSTA_UPDATE=always cargo all-tests -- {{ NAMES }}; git status --short; git diff
