# For the fuzzer Schemathesis (docs/api.md): it has no form of its own for NDJSON, and sends a text as it is.
import schemathesis

schemathesis.serializer.alias("application/x-ndjson", "text/plain")
