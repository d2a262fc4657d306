"""All errors of the library.

    CoGenesisError
    ├── ConfigurationError          the objects or their settings do not fit together
    │   ├── MissingDependency       an optional dependency is not installed
    │   ├── GrammarError            a tool's or an answer's schema cannot be followed
    │   ├── UntrustedLocalModel     a "local" model or store would send text to another host
    │   └── TracingLeak             a tracer or debug printer would record private text
    ├── InstructionError            the request contains no usable instruction
    ├── PrivacyViolation            a request or an instruction contains a private value
    ├── LedgerError                 the egress ledger cannot be written or does not verify
    ├── ModelFileError              a model file is missing, damaged or cannot be fetched
    │   ├── ModelFileUnknown        the name is no catalog name, file or hub reference
    │   ├── ModelFileMissing        the model file has not been downloaded yet
    │   ├── ModelFileDamaged        the file's size or SHA-256 is wrong
    │   ├── ModelFileUnreachable    no source has the file or can be reached
    │   ├── DownloadInterrupted     the download was interrupted and can be resumed
    │   └── DiskFull                there is not enough free space for the file
    ├── StandInError                the stand-in cloud did not start, or stopped unexpectedly
    │   └── PortTaken               another program listens on the port
    ├── LocalModelError             the local model failed
    │   ├── ContextTooLong          prompt and answer do not fit the context window
    │   ├── NoCallMade              it had to call a tool, and called none that it may call
    │   └── StructuredAnswerInvalid its answer does not fit the schema
    ├── CloudError                  the cloud model failed
    │   ├── CloudUnavailable        no connection, or a server error
    │   ├── CloudTimeout            no complete answer in time
    │   ├── CloudRefused            the endpoint rejected the request (400, 401, 403, 404, ...)
    │   ├── CloudRateLimited        the endpoint limits the rate of requests (429)
    │   └── CloudAnswerInvalid      the answer cannot be used
    ├── SketchInvalid               the cloud's sketch failed its checks, also after the retry
    ├── CloudNotUsed                the cloud model cannot take part (on_fallback="raise")
    ├── StoreError                  the context store cannot be read or written
    │   └── UnreadableFile          a file to be added cannot be read
    ├── FusionError                 fused decoding is not possible with the two models
    │   └── TraceInvalid            a fusion trace is incomplete or cannot be read
    ├── DatasetError                a data set cannot be read, or its records are inconsistent
    └── TrainingError               a model cannot be trained, or what was trained cannot be used

    UntrustedFallback               a fallback would have got private text; no `Exception`

The message of an error says what happened, to what, and what to do about it (``what`` and
``remedy``). No error contains private text or a payload, because tracebacks end up in logs and
error trackers.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

from langchain_core.exceptions import OutputParserException


class CoGenesisError(Exception):
    """Base class of all errors that this library raises.

    Args:
        what: What happened, and to what; never private text or a payload.
        remedy: What the user can do about it.
    """

    def __init__(self, what: str, *, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}\nRemedy: {self.remedy}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.what!r}, remedy={self.remedy!r})"

    @property
    def summary(self) -> str:
        """Kind, cause and remedy in one line, for logs and reports."""
        return f"{type(self).__name__}: {self.what} ({self.remedy})"


class ConfigurationError(CoGenesisError):
    """The objects or their settings do not fit together."""


class MissingDependency(ConfigurationError):
    """A package of an optional extra is not installed.

    Args:
        package: The import name of the package.
        extra: The extra of this project that installs it.
    """

    def __init__(self, package: str, *, extra: str) -> None:
        super().__init__(
            f"the package {package!r} is not installed",
            remedy=f'pip install "cogenesis-langchain[{extra}]"',
        )


def require_package(package: str, *, extra: str) -> None:
    """Check that a package of an extra is installed, before anything is downloaded for it.

    Args:
        package: The import name of the package.
        extra: The extra of this project that installs it.

    Raises:
        MissingDependency: It is not installed.
    """
    if importlib.util.find_spec(package) is None:
        raise MissingDependency(package, extra=extra)


class GrammarError(ConfigurationError):
    """A grammar for constrained decoding cannot be compiled.

    Args:
        fault: What the compiler says of it; it quotes the schema at most.
    """

    def __init__(self, fault: str) -> None:
        super().__init__(
            f"constrained decoding cannot follow this schema: {fault}",
            remedy="simplify the schema of the tool or of the answer",
        )


class UntrustedLocalModel(ConfigurationError):
    """A local model, embedding model or store would send text to a host that is not trusted."""


class TracingLeak(ConfigurationError):
    """A tracer, handler or debug printer would record private text."""


class UntrustedFallback(BaseException):
    """A call failed, and a fallback that may not see private text would have got its input.

    It is no `Exception`, because LangChain's fallbacks handle every `Exception`.

    Args:
        kind: Type of the error of the call.
        fallback: Why the fallback is not trusted.
    """

    def __init__(self, kind: str, fallback: str) -> None:
        self.what = f"a call failed with {kind}, and its fallback is not trusted: {fallback}"
        self.remedy = (
            "remove the fallback, run it on this machine, or add its host to trusted_hosts or it "
            "to trust if it may see private text"
        )
        super().__init__(f"{self.what}\nRemedy: {self.remedy}")


class InstructionError(CoGenesisError):
    """The request contains no usable instruction."""


class PrivacyViolation(CoGenesisError):
    """A request or an instruction contains a private value. Nothing was sent."""


class LedgerError(CoGenesisError):
    """The egress ledger cannot be written or does not verify."""


class ModelFileError(CoGenesisError):
    """A model file is missing, damaged or cannot be fetched."""


class ModelFileUnknown(ModelFileError):
    """The name is neither a catalog name nor a file nor a hub reference."""


class ModelFileMissing(ModelFileError):
    """A model file has not been downloaded yet."""


class ModelFileDamaged(ModelFileError):
    """The size or SHA-256 of a model file is wrong."""


class ModelFileUnreachable(ModelFileError):
    """No source has the model file or can be reached."""


class DownloadInterrupted(ModelFileError):
    """A download was interrupted. The next attempt resumes it."""


class DiskFull(ModelFileError):
    """There is not enough free space for a model file."""


class StandInError(CoGenesisError):
    """The stand-in cloud did not start, or stopped unexpectedly."""


class PortTaken(StandInError):
    """Another program listens on the requested port."""


class LocalModelError(CoGenesisError):
    """The local model failed."""


class ContextTooLong(LocalModelError):
    """Prompt and answer do not fit the local model's context window. Nothing was generated.

    Args:
        needed: Tokens of the prompt plus the requested tokens of the answer.
        window: Size of the context window in tokens.
    """

    def __init__(self, needed: int, window: int) -> None:
        super().__init__(
            f"the request needs {needed} tokens, {needed - window} more than the context window "
            f"of {window}",
            remedy="open the local model with a larger n_ctx, retrieve fewer documents (k), "
            "or lower max_tokens",
        )
        self.needed = needed
        self.window = window


class NoCallMade(LocalModelError):
    """The local model had to call a tool, and called none that it may call."""


class StructuredAnswerInvalid(LocalModelError, OutputParserException):
    """The answer does not fit the schema of `with_structured_output`.

    It is an error of LangChain's parsers too, which parsers that try again catch. Unlike theirs it
    does not hold the answer; ``include_raw=True`` returns that beside it.

    Args:
        problem: Fields of the schema and kinds of errors, without private text.
    """

    def __init__(self, problem: str) -> None:
        LocalModelError.__init__(
            self,
            f"the answer does not fit the schema: {problem}",
            remedy="ask again, make the schema's validators less strict, or use a stronger local "
            "model; include_raw=True returns the answer as well",
        )


class CloudError(CoGenesisError):
    """The cloud model failed. The error contains neither the request nor the response."""


class CloudUnavailable(CloudError):
    """The endpoint cannot be reached, or answered with a server error."""


class CloudTimeout(CloudError):
    """The endpoint gave no complete answer in time."""


class CloudRefused(CloudError):
    """The endpoint rejected the request; sending it again would not help."""


class CloudRateLimited(CloudError):
    """The endpoint limits the rate of requests (HTTP 429).

    Attributes:
        retry_after: Seconds to wait according to the endpoint; 0 if it named none.
    """

    retry_after: float = 0.0


class CloudAnswerInvalid(CloudError):
    """The endpoint's answer cannot be used."""


class SketchInvalid(CoGenesisError):
    """The cloud model's sketch failed its checks, also after the retry.

    Args:
        kind: What was asked for, ``template``, ``outline`` or ``plan``.
        faults: What was wrong with each answer, in words.
    """

    def __init__(self, kind: str, faults: Sequence[str]) -> None:
        super().__init__(
            f"the cloud model returned no usable {kind}: {'; then '.join(faults)}",
            remedy="use a stronger cloud model",
        )


class CloudNotUsed(CoGenesisError):
    """The cloud model takes less part in a text than the mode asks for.

    Raised with ``on_fallback="raise"``: before anything is written, or at the end of a fused text
    during which the cloud model failed.

    Args:
        reason: Why.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the cloud model does not take part as asked: {reason}",
            remedy='fix the cause, or pass on_fallback="warn" to get the local model\'s text',
        )


class CloudNotUsedWarning(UserWarning):
    """The cloud model took less part in a text than the mode asks for."""


class StoreError(CoGenesisError):
    """The context store cannot be read or written."""


class UnreadableFile(StoreError):
    """A file to be added to the store cannot be read."""


class DatasetError(CoGenesisError):
    """A data set cannot be read, or its records are inconsistent."""


class TrainingError(CoGenesisError):
    """A model cannot be trained, or what was trained cannot be used."""


class FusionError(CoGenesisError):
    """Fused decoding is not possible with the two models."""


class TraceInvalid(FusionError):
    """A fusion trace is incomplete or cannot be read."""
