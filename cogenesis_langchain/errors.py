"""Every error of the library, in one tree.

    CoGenesisError
    ├── ConfigurationError          the objects were put together wrongly
    │   ├── MissingDependency       an extra is not installed
    │   ├── UntrustedLocalModel     a "local" model or store would send text to another host
    │   └── TracingLeak             a tracer or debug printer would record private text
    ├── InstructionError            the request holds no usable instruction
    ├── PrivacyViolation            something private was about to leave; nothing was sent
    ├── LedgerError                 the egress ledger cannot be written or does not verify
    ├── ModelFileError              a model file is missing, damaged or cannot be fetched
    │   ├── ModelFileUnknown        no model of that name, no such file, no such hub reference
    │   ├── ModelFileMissing        a known model file is not on this machine yet
    │   ├── ModelFileDamaged        size or SHA-256 are not what they should be
    │   ├── ModelFileUnreachable    neither the hub nor the package mirror gave the file
    │   ├── DownloadInterrupted     the download broke off; what arrived is kept
    │   └── DiskFull                not enough free space for the file
    ├── StandInError                the stand-in cloud did not start or ended by itself
    │   └── PortTaken               another program listens on the port
    ├── LocalModelError             the local model failed
    │   └── ContextTooLong          the prompt does not fit the window; nothing was generated
    ├── CloudError                  the cloud model failed
    │   ├── CloudUnavailable        no connection, or a server error
    │   ├── CloudTimeout            no (complete) answer in time
    │   ├── CloudRefused            the endpoint rejected the request (401, 403, 404, 400, ...)
    │   ├── CloudRateLimited        429
    │   └── CloudAnswerInvalid      an answer came that cannot be used
    ├── SketchInvalid               the cloud's outline failed its checks, also after the retry
    ├── StoreError                  the context store cannot be read or written
    │   └── UnreadableFile          a file that was to be added cannot be read
    └── FusionError                 fused decoding is impossible with these two models
        └── TraceInvalid            a fusion trace is unfinished or cannot be read

An error says what happened and to what; its remedy is attached with ``add_note`` so that it prints
under the traceback, and is kept in ``remedy``. No error carries private text or a payload, because
tracebacks end up in logs and trackers.
"""

from __future__ import annotations

from collections.abc import Sequence


class CoGenesisError(Exception):
    """Base of every error raised on purpose by this library.

    Args:
        what: What happened, to what. Never private text, never a payload.
        remedy: What the reader can do about it.
    """

    def __init__(self, what: str, *, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy
        self.add_note(f"Remedy: {remedy}")


class ConfigurationError(CoGenesisError):
    """The objects were put together in a way that cannot work."""


class MissingDependency(ConfigurationError):
    """A package of an optional extra is not installed.

    Args:
        package: The import name that is missing.
        extra: The extra of this project that brings it.
    """

    def __init__(self, package: str, *, extra: str) -> None:
        super().__init__(
            f"the package {package!r} is not installed",
            remedy=f'pip install "cogenesis-langchain[{extra}]"',
        )


class UntrustedLocalModel(ConfigurationError):
    """A model or store on the private side would send text to a host that is not trusted."""


class TracingLeak(ConfigurationError):
    """A tracer, handler or debug printer would record private text."""


class InstructionError(CoGenesisError):
    """The request holds no usable instruction."""


class PrivacyViolation(CoGenesisError):
    """Something private was about to leave the machine; nothing was sent."""


class LedgerError(CoGenesisError):
    """The egress ledger cannot be written or does not verify."""


class ModelFileError(CoGenesisError):
    """A model file is missing, damaged or cannot be fetched."""


class ModelFileUnknown(ModelFileError):
    """No model has that name, and it is neither a file nor a hub reference."""


class ModelFileMissing(ModelFileError):
    """A known model file is not on this machine yet."""


class ModelFileDamaged(ModelFileError):
    """A model file's size or SHA-256 is not what it should be."""


class ModelFileUnreachable(ModelFileError):
    """No source of a model file could be reached, or none has it."""


class DownloadInterrupted(ModelFileError):
    """A download broke off; what arrived is kept and the next run continues there."""


class DiskFull(ModelFileError):
    """There is not enough free space for a model file."""


class StandInError(CoGenesisError):
    """The stand-in cloud did not start or ended by itself."""


class PortTaken(StandInError):
    """Another program listens on the port asked for."""


class LocalModelError(CoGenesisError):
    """The local model failed."""


class ContextTooLong(LocalModelError):
    """The prompt and the answer do not fit the local model's window; nothing was generated.

    Args:
        needed: Tokens of the prompt plus tokens asked for.
        window: Tokens the model was opened with.
    """

    def __init__(self, needed: int, window: int) -> None:
        super().__init__(
            f"the request needs {needed} tokens, {needed - window} more than "
            f"the window of {window}",
            remedy="open the local model with a larger n_ctx, retrieve fewer documents (k), "
            "or lower max_tokens",
        )
        self.needed = needed
        self.window = window


class CloudError(CoGenesisError):
    """The cloud model failed. Carries no request and no response."""


class CloudUnavailable(CloudError):
    """The endpoint cannot be reached or answers with a server error."""


class CloudTimeout(CloudError):
    """The endpoint gave no complete answer in time."""


class CloudRefused(CloudError):
    """The endpoint rejected the request; sending it again would not help."""


class CloudRateLimited(CloudError):
    """The endpoint asks to slow down (HTTP 429).

    Attributes:
        retry_after: Seconds it asked to wait; 0 when it did not say.
    """

    retry_after: float = 0.0


class CloudAnswerInvalid(CloudError):
    """The endpoint answered something that cannot be used."""


class SketchInvalid(CoGenesisError):
    """The cloud's outline failed its checks, also after the retry.

    Args:
        faults: What was wrong with each answer.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(
            f"the cloud model's outlines were not usable ({', '.join(faults)})",
            remedy="use a stronger cloud model; the local model wrote without an outline",
        )


class StoreError(CoGenesisError):
    """The context store cannot be read or written."""


class UnreadableFile(StoreError):
    """A file that was to be added to the store cannot be read."""


class FusionError(CoGenesisError):
    """Fused decoding is impossible with these two models."""


class TraceInvalid(FusionError):
    """A fusion trace is unfinished or cannot be read."""
