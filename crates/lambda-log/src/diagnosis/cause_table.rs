//! The table of all causes, in the order of preference: the deepest cause that the lines prove is the verdict.
//!
//! A cause `by: words` is all here: a line of the application that has one of its words points to it. A cause `by:
//! code` has a file of its own with the words that make a line worth a look, what such a line says, and how the whole
//! invocation is judged. `not_shown` ends the sentence "The lines do not show": what is left to be
//! checked.
//!
//! - `always`: words that mean it whatever else the line says.
//! - `words`: words that mean it in a line that has none of `unless`.
//! - `with`: words that mean it only beside one of others in the same line.

/// Hands the table to a macro, which takes from it what its file needs.
macro_rules! causes {
    ($then:ident) => {
        $then! {
            /// What was deployed was built for another processor, system or version of the runtime.
            WrongArchOrBinary "wrong_arch_or_binary" {
                meaning: "it was built for another architecture or version",
                next_step: "Build for Linux, the function's architecture (arm64 or x86_64) and its version of the runtime, including layers and extensions, or change the function's settings.",
                not_shown: "the architecture that is configured for the function and the one the package was built for.",
                by: words {
                    finding: "Something in the package was built for another processor, operating system or version of the runtime.",
                    words: [
                        "exec format error", "Exec format error", "invalid ELF header", "cannot execute binary file", "wrong ELF class",
                        "incompatible architecture", "mach-o", "compiled against a different Node.js version", "NODE_MODULE_VERSION",
                        "cannot execute: required file not found", "is not a valid Win32 application", "elf_load",
                        "incompatible with the architecture", "Illegal instruction", "BadImageFormatException", "program with an incorrect format", "built for linux-x64", "darwin-arm64", "darwin-x64",
                        "UnsupportedClassVersionError", "compiled by a more recent version of the Java Runtime",
                    ],
                    // Prisma names the systems that its client was generated for where the engine is absent.
                    unless: ["ocate the Query Engine"],
                },
            }
            /// A shared library or engine is absent, or too new for the image.
            NativeLibMissing "native_lib_missing" {
                meaning: "a native library is missing or too new",
                next_step: "Build in the Lambda base image of the same runtime (or link statically), or add the layer or binary target in the quoted line.",
                not_shown: "which libraries the image or the layers hold, and on which system the package was built.",
                by: words {
                    finding: "A native library that the code needs is missing from the image, or was built against a newer system.",
                    words: [
                        "cannot open shared object file", "error while loading shared libraries", "GLIBC_", "GLIBCXX_", "CXXABI_",
                        "Query engine library", "Query Engine library", "Query engine binary", "libquery_engine",
                        "Prisma engines do not seem to be compatible", "UnsatisfiedLinkError", "DllNotFoundException",
                        "Unable to load shared library", "Could not load the \"sharp\" module", "symbol lookup error", "undefined symbol",
                        "ocate the Query Engine", "Could not find Chromium", "Could not find Chrome",
                        "Importing the numpy C-extensions failed", "Couldn't find a valid ICU package",
                        "Unable to import required dependencies:\\nnumpy", "libvips", "no native library is found",
                        "initializer for 'Gdip'", "No usable version of libssl", "System.Drawing.Common is not supported",
                    ],
                },
            }
            /// The files are there, but the sandbox user may not read or run them.
            PackagePermissions "package_permissions" {
                meaning: "files are not readable",
                next_step: "Set 644 on files and 755 on folders and executables before you create the archive (in an image: `chmod -R a+rX`), and deploy again.",
                not_shown: "the permissions that the files have in the package.",
                by: code package_permissions,
            }
            /// /tmp is full.
            TmpFull "tmp_full" {
                meaning: "/tmp is full",
                next_step: "Delete files that are no longer needed (a reused environment keeps /tmp, even after a crash), or raise the ephemeral storage.",
                not_shown: "how much ephemeral storage is configured, and which files fill it.",
                by: words {
                    finding: "No space was left to write to. In Lambda this is /tmp, which an environment keeps between invocations.",
                    words: [
                        "No space left on device", "no space left on device", "ENOSPC", "[Errno 28]", "not enough space on the disk",
                    ],
                    // The disk of a database, and a limit of inotify.
                    unless: ["could not extend file", "could not write to file", "file watchers"],
                },
            }
            /// Too many open files or sockets.
            FdExhausted "fd_exhausted" {
                meaning: "it runs out of file descriptors",
                next_step: "Create clients once, outside the handler, limit parallel work, and close files and sockets. An environment has 1,024 file descriptors.",
                not_shown: "which code keeps the files and connections open, and since which invocation.",
                by: words {
                    finding: "The process had no free file descriptor, so it could not open files and connections. A failed name lookup then has the same cause, not DNS.",
                    words: [
                        "EMFILE", "too many open files", "Too many open files", "[Errno 24]", "ENFILE",
                    ],
                },
            }
            /// The code writes outside /tmp.
            ReadOnlyFs "read_only_fs" {
                meaning: "it writes to a read-only path",
                next_step: "Set caches and outputs to /tmp (HOME, XDG_CACHE_HOME, TRANSFORMERS_CACHE or the library's own setting). Everything else in the file system is read-only.",
                not_shown: "which setting decides on the path, if it is one of a library.",
                by: code read_only_fs,
            }
            /// The configured handler is not in what was deployed.
            HandlerNotFound "handler_not_found" {
                meaning: "the handler does not exist in the package",
                next_step: "Set the function's handler to the file name and export that were deployed, and check the layout of the archive.",
                not_shown: "the handler that is configured, and the files and exports of the package.",
                by: words {
                    finding: "The runtime did not find the configured handler.",
                    words: [
                        "Runtime.HandlerNotFound", "Runtime.MalformedHandlerName", "is undefined or not exported", "Class not found:",
                        "Bad handler", "Could not find the required 'handler'", "No exports found in module", "Could not find or load main class",
                        "EntrypointNotFound", "not a valid handler", "missing on module", "Runtime.NoSuchHandler", "Init<NoMethodError>",
                        "LambdaValidationException", "Unable to load type", "Unable to find method", "Could not find file or assembly",
                        "HandlerNotFoundException", "does not have an appropriate handler method", "No public method named",
                        "lambdaHandler is not a function", "Could not find the specified handler assembly", "undefined method `handler'", "Init<NameError>",
                    ],
                    with: [(["Handler '"], ["missing on", "not found", "not exported", "does not exist"])],
                },
            }
            /// What the handler returned cannot be turned into an answer.
            BadResponse "bad_response" {
                meaning: "the handler's response cannot be used",
                next_step: "Return plain JSON types in the shape the caller expects (for a proxy integration: `statusCode`, `headers` and a `body` that is a string).",
                not_shown: "the value that the handler returned, and which service called the function.",
                by: words {
                    finding: "The handler ran, but its return value could not be converted to a response.",
                    words: [
                        "Runtime.MarshalError", "Unable to marshal response", "is not JSON serializable", "not JSON serializable",
                        "Converting circular structure to JSON", "Malformed Lambda proxy response", "Do not know how to serialize a BigInt",
                        "An error occurred during JSON serialization of response", "Error converting the response object",
                        "Unable to stringify response body", "Runtime.InvalidResponse", "Function.InvalidResponse", "json: unsupported type",
                        "Circular reference", "Runtime.BadFunctionCode", "Lambda function result failed validation",
                        "The Lambda function returned an invalid", "LambdaValidationError", "Unrecognizable lambda output",
                        "InvalidLambdaResponse", "LambdaInvalidResponse", "JsonSerializationException: Self referencing loop",
                    ],
                },
            }
            /// The code cannot be parsed, or mixes the two module systems of Node.
            SyntaxError "syntax_error" {
                meaning: "the code cannot be parsed",
                next_step: "Fix the code at the quoted line, or bundle to one module format that matches the file extension and `type` in package.json (.mjs is ESM, .cjs is CommonJS).",
                not_shown: "the `type` in package.json, and how the package was built.",
                by: words {
                    finding: "The runtime could not parse the function's code, or could not load a module because of its format.",
                    always: ["Runtime.UserCodeSyntaxError"],
                    words: [
                        "SyntaxError", "syntax error", "IndentationError", "TabError",
                        "Cannot use import statement outside a module", "require is not defined", "exports is not defined", "module is not defined",
                        "__dirname is not defined", "__filename is not defined", "ERR_REQUIRE_ESM", "require() of ES Module",
                        "Must use import to load ES Module", "Dynamic require of", "ERR_PACKAGE_PATH_NOT_EXPORTED", "ERR_UNKNOWN_FILE_EXTENSION",
                        "ERR_UNSUPPORTED_DIR_IMPORT", "does not provide an export named", "Unexpected token 'export'", "Unexpected token export",
                        "Unexpected token import", "await is only valid in",
                    ],
                    // A parser of data complains with the same words about data.
                    unless: [
                        " JSON", "JSON.parse", "JSON at position", "<anonymous_script>", "xml", "SQL", "sqlite", "ProgrammingError", "OperationalError", "near \"",
                    ],
                },
            }
            /// A module, class or assembly is not in the package or its layers.
            ImportError "import_error" {
                meaning: "a module is missing from the package",
                next_step: "Add the dependency in the quoted line to the package (or fix the root of the zip or the layer path) and deploy again. The function cannot run until then.",
                not_shown: "what the package and its layers hold.",
                by: code import_error,
            }
            /// The bootstrap or entry point is missing or unusable.
            InvalidEntrypoint "invalid_entrypoint" {
                meaning: "the entry point is missing or cannot be used",
                next_step: "Put an executable named `bootstrap` at the root of the archive (built for the function's architecture, with Unix line endings if it is a script), or fix ENTRYPOINT and CMD of the image.",
                not_shown: "the files of the package, and ENTRYPOINT and CMD of the image.",
                by: code invalid_entrypoint,
            }
            /// Lambda cannot decrypt the environment variables.
            KmsDenied "kms_denied" {
                meaning: "the environment variables cannot be decrypted",
                next_step: "Save the function's role or its key again, and allow the role `kms:Decrypt` on that key. Until then the function cannot start and logs nothing.",
                not_shown: "the policy of the key, and whether it is disabled.",
                by: words {
                    finding: "Lambda could not decrypt the function's environment variables.",
                    words: [
                        "KMSAccessDenied", "KMSDisabled", "KMSInvalidState", "KMSNotFound", "unable to decrypt the environment variables",
                    ],
                },
            }
            /// AWS does not accept the credentials the function signs with.
            CredentialsInvalid "credentials_invalid" {
                meaning: "AWS rejects the function's credentials",
                next_step: "Use the SDK's default credential chain: Lambda's own keys are temporary and need AWS_SESSION_TOKEN. Remove static keys from the function's environment, and do not keep a session while the environment is frozen.",
                not_shown: "where the credentials come from: the role, variables of the function, or code that keeps a session.",
                by: code credentials_invalid,
            }
            /// A permission is missing.
            IamDenied "iam_denied" {
                meaning: "a permission is missing",
                next_step: "Add exactly the action and resource in the quoted line to the function's execution role, or to the policy of the resource or key.",
                not_shown: "which policy lacks or denies the permission: the role's, the resource's, the key's, a boundary or one of the organisation.",
                by: words {
                    finding: "AWS rejected a call because a permission is missing.",
                    words: [
                        "AccessDenied", "is not authorized to perform", "not authorized to perform", "UnauthorizedOperation",
                        "no identity-based policy allows", "explicit deny",
                    ],
                    // Anything that answers may deny in these words; only AWS means its IAM by them.
                    with: [
                        (["Access Denied", "access denied", "AuthorizationError", "UnauthorizedAccess", "does not have permission to"], AWS),
                        // Some calls answer with the status alone.
                        (["An error occurred (403)", "\"httpStatusCode\":403", "httpStatusCode: 403"], AWS),
                    ],
                    // A database, a file system and frameworks deny too.
                    unless: ["ccess denied for user", "java.nio.file", "springframework.security", "AccessDeniedHttpException"],
                },
            }
            /// The process needed more memory than the function has.
            Oom "oom" {
                meaning: "it ran out of memory",
                next_step: "Raise the memory size, stream instead of buffering, or fix the leak.",
                not_shown: "what took the memory, and how it grew before. Lambda reports only the highest value.",
                by: code oom,
            }
            /// Native code crashed the process.
            NativeCrash "native_crash" {
                meaning: "native code crashes the process",
                next_step: "Update or rebuild the native module for this runtime and architecture. To find where it crashes, reproduce it in the base image with a core dump.",
                not_shown: "where in the native code it crashed: there is no core dump.",
                by: code native_crash,
            }
            /// A request or a response above a limit of size.
            PayloadTooLarge "payload_too_large" {
                meaning: "a payload is too large",
                next_step: "Return less (pages, fewer fields), pass large results through S3 with a presigned URL, or stream the response. A synchronous response is limited to 6 MB.",
                not_shown: "the size of the payload, unless the quoted line has it.",
                by: words {
                    finding: "A payload was larger than the limit of its receiver.",
                    words: [
                        "RequestEntityTooLarge", "Function.ResponseSizeTooLarge", "exceeded maximum allowed payload size", "Response payload size",
                        "request entity too large", "Request Entity Too Large", "PayloadTooLargeError", "Payload Too Large",
                        "Request must be smaller than", "status code 413", "413 Request Entity", "Http response code: 413", "response code: 413",
                        "ody size is too long", "Body is too large", "Response size exceeded", "EventTooLarge", "payload size exceeded",
                    ],
                },
            }
            /// A layer's extension crashed, did not start, or used up the time.
            ExtensionFailure "extension_failure" {
                meaning: "an extension fails or takes too long",
                next_step: "Fix the extension's configuration, version or architecture, give it network access and memory, or remove its layer. The handler itself may be fine.",
                not_shown: "the configuration of the extension, and whether it reaches its own endpoint.",
                by: code extension_failure,
            }
            /// A setting that the code needs is absent or wrong.
            MissingConfig "missing_config" {
                meaning: "a setting is missing",
                next_step: "Set the missing value from the quoted line on this function (and alias). An update of the environment variables replaces all of them, so include the others too.",
                not_shown: "what is set on the function, its version and its alias, and whether its value is right.",
                by: code missing_config,
            }
            /// A service that the function calls asks it to slow down.
            DownstreamThrottled "downstream_throttled" {
                meaning: "a service throttles its calls",
                next_step: "Retry with backoff and jitter, make fewer calls in parallel (the function's concurrency multiplies them), or request a higher quota for that service.",
                not_shown: "the quota, and which other callers use it up.",
                by: words {
                    finding: "A service rejected calls because the function made too many.",
                    words: [
                        "ThrottlingException", "ThrottledException", "Throttling:", "(Throttling)", "Rate exceeded", "Rate Exceeded",
                        "TooManyRequestsException", "TooManyRequests", "Too Many Requests", "ProvisionedThroughputExceeded", "RequestLimitExceeded",
                        "SlowDown", "status code 429", "Error: 429", "429 Client Error", "HTTP 429", "RateLimitError", "Rate limit reached",
                        "rate limit exceeded", "Rate limit exceeded", "ServiceQuotaExceededException", "EC2ThrottledException",
                        "BandwidthLimitExceeded", "RequestThrottled", "Reduce your request rate",
                    ],
                },
            }
            /// The database takes no more connections.
            DbConnectionsExhausted "db_connections_exhausted" {
                meaning: "the database has no free connection",
                next_step: "Open one connection per environment and reuse it, and limit the function's concurrency to less than the database's connection limit. A proxy such as RDS Proxy shares connections between environments.",
                not_shown: "how many connections the database allows, and who holds them.",
                by: words {
                    finding: "The database, or its connection pool, had no free connection.",
                    words: [
                        "Too many connections", "too many connections", "remaining connection slots", "too many clients already",
                        "acquire database connection", "\"53300\"", "max_user_connections", "fetching a new connection from the connection pool",
                        "QueuePool limit", "ER_CON_COUNT_ERROR", "acquiring a connection", "ResourceRequest timed out", "connection limit exceeded",
                        "Connection pool exhausted", "connection pool exhausted", "MaxClientsInSessionMode", "max clients reached",
                        "ConnectionAcquireTimeoutError", "User has exceeded the 'max_", "Operation timed out waiting for a connection",
                        "onnection is not available, request timed out", "pool timed out while waiting", "timeout exceeded when trying to connect",
                        "obtaining a connection from the pool", "connection pool has been exhausted", "Cannot get a connection, pool error",
                        "Unable to fetch a connection in", "Failed getting connection; pool exhausted", "timed out waiting for connection",
                        "checking out a connection from connection pool", "Timed out in bb8",
                    ],
                    // Clients of HTTP have pools as well.
                    with: [(["PoolTimeout"], ["psycopg", "sql", "SQL", "ostgres"])],
                    // Servers of mail and files refuse in the same words.
                    unless: ["421 ", "SMTP", "smtp", "ftplib"],
                },
            }
            /// The database does not answer.
            DbUnreachable "db_unreachable" {
                meaning: "the database does not answer",
                next_step: "Check the host and port in the quoted line (`localhost` means that the setting is missing), then the security group, the allow list, and that the database is running.",
                not_shown: "whether the database is running, and whether the security groups and the subnet let the function reach it.",
                by: code db_unreachable,
            }
            /// A host name could not be resolved.
            DnsFailure "dns_failure" {
                meaning: "a host name does not resolve",
                next_step: "Correct the host name in the quoted line. If it is right, check the VPC's DNS settings and allow port 53 in the security group.",
                not_shown: "whether the name exists, and the DNS settings of the VPC.",
                by: code dns_failure,
            }
            /// The function cannot reach the outside: no route, or a closed one.
            VpcNoEgress "vpc_no_egress" {
                meaning: "an outgoing connection gets no answer",
                next_step: "Check whether the function is in a VPC: a private subnet needs a NAT gateway or a VPC endpoint for what it calls, and the security group must allow outgoing traffic. Move a function that needs nothing in the VPC out of it.",
                not_shown: "whether the function is in a VPC, whether its subnet has a route to the called address, and whether the other side is up.",
                by: code vpc_no_egress,
            }
            /// The handler got an event whose shape it does not understand.
            BadEvent "bad_event" {
                meaning: "the event does not have the expected shape",
                next_step: "Compare the event that was sent (a console test event, another payload version, a direct invocation) with what the handler expects, and validate events in the handler.",
                not_shown: "the event itself, and who sent it.",
                by: code bad_event,
            }
            /// AWS refused a call for another reason.
            AwsApiError "aws_api_error" {
                meaning: "AWS rejects a call",
                next_step: "Change the request: the quoted line names the operation and AWS's error code.",
                not_shown: "the request that was sent, unless the quoted line has it.",
                by: words {
                    finding: "AWS rejected a call that the function made.",
                    words: [
                        "An error occurred (", "AccessControlListNotSupported", "NoSuchKey", "NoSuchBucket", "ConditionalCheckFailedException",
                        "InvalidParameterValue", "ParamValidationError", "Parameter validation failed", "api error ", "\"$fault\"", "$metadata",
                        "(Service: ", "PermanentRedirect", "AuthorizationHeaderMalformed", "TransactionCanceledException",
                        "botocore.exceptions.", "botocore.errorfactory", "MultipleValidationErrors", "ItemCollectionSizeLimit",
                        "Requested resource not found", "failed to satisfy constraint", "Email address is not verified",
                    ],
                    // Names that frameworks give their own exceptions as well.
                    with: [
                        (
                            [
                                "ValidationException", "ValidationError", "ResourceNotFoundException", "InvalidParameterException",
                                "ResourceConflictException", "MissingParameter", "ResourceInUseException", "LimitExceededException",
                                "InvalidRequestException", "BadRequestException", "NotFoundException", "MessageRejected",
                            ],
                            AWS
                        ),
                    ],
                },
            }
            /// Another service answered with an error.
            UpstreamError "upstream_error" {
                meaning: "a service it calls returns an error",
                next_step: "Check that service's status, and the credentials and limits the function has there. Handle the error, and retry what can be retried.",
                not_shown: "whether the service had a fault of its own or rejected this request.",
                by: code upstream_error,
            }
            /// The code throws while it is loaded.
            InitException "init_exception" {
                meaning: "the code fails while it is being loaded",
                next_step: "Fix the load-time code in the quoted line, and package the files it reads. Until then every environment fails before the handler runs.",
                not_shown: "whether it failed after a deployment or after a change of what the code reads while it is loaded.",
                by: code init_exception,
            }
            /// An error of the application that has no more specific name. Its fingerprint tells a new kind from an old
            /// one.
            AppException "app_exception" {
                meaning: "the application fails",
                next_step: "Fix the code at the top application frame of the quoted error.",
                not_shown: "the event and the state of the data at that time.",
                by: code app_exception,
            }
            /// Every invocation begins by starting up what the one before had to abandon, and is ended for it.
            ReinitLoop "reinit_loop" {
                meaning: "it restarts in a loop and never finishes starting",
                next_step: "Raise the function's timeout above the time of init phase plus handler, shorten the init phase, or fix the first crash. Pings cannot end the loop: each starts it again and is billed. A new deployment helps only as long as the init phase fits the limit.",
                not_shown: "what the init phase waits for.",
                by: code reinit_loop,
            }
            /// Start-up is so long that it hurts, or uses up the function's timeout from inside the invocation.
            SlowColdStart "slow_cold_start" {
                meaning: "the init phase takes too long",
                next_step: "Look for a call that blocks while the application is imported (a secret, a database or an address without a route from the function), then check package size and memory. Raising the timeout helps only if the init phase ends at all.",
                not_shown: "what the init phase spends its time on.",
                by: code slow_cold_start,
            }
            /// Start-up reached its own limit.
            InitTimeout "init_timeout" {
                meaning: "the init phase hits its time limit",
                next_step: "Move work (models, migrations, network calls) out of module load, raise the memory (CPU grows with it), or raise the function's timeout so that the second try inside the invocation can finish.",
                not_shown: "what the init phase was doing when it was cut.",
                by: code init_timeout,
            }
            /// The runtime process ended, and no better cause is visible.
            RuntimeExit "runtime_exit" {
                meaning: "the runtime process ends",
                next_step: "Look for an exit call, a main function that returns or an unhandled rejection, starting with the last lines before the end.",
                not_shown: "who ended the process: the code, a library or the runtime itself.",
                by: code runtime_exit,
            }
            /// The handler had finished, but something open kept Node's event loop alive until the timeout.
            EventLoopHang "event_loop_hang" {
                meaning: "open handles keep it running until the timeout",
                next_step: "Make the handler `async` (or set `context.callbackWaitsForEmptyEventLoop = false`), and close pools, sockets and timers that it leaves open.",
                not_shown: "which timer, socket or connection was left open.",
                by: code event_loop_hang,
            }
            /// The invocation used up the function's timeout, and nothing deeper shows.
            FunctionTimeout "function_timeout" {
                meaning: "it hits its timeout",
                next_step: "Find the call that takes so long: log before and after each outgoing call, and set a timeout on each client that is shorter than the function's. Raise the function's timeout only if the work is meant to take that long.",
                not_shown: "which call it waited for, unless a line before the limit names it, and whether the network lets that call through.",
                by: code function_timeout,
            }
            /// Memory is at its limit, or climbs towards it run by run, and nothing has been killed for it yet.
            MemoryPressure "memory_pressure" {
                meaning: "memory is almost full",
                next_step: "Raise the memory size (CPU grows with it), and check what grows from one invocation to the next: caches, listeners, open handles.",
                not_shown: "what holds the memory, and whether the time went into freeing it.",
                by: code memory_pressure,
            }
            /// Nearly every invocation needs a new environment although nothing fails.
            ColdStartEveryInvocation "cold_start_every_invocation" {
                meaning: "nearly every call waits for a cold start",
                next_step: "Calls come less often than the idle timeout of an environment, or more of them overlap than there are warm environments. Accept it, ping as many environments as calls overlap, or shorten the init phase.",
                not_shown: "whether calls overlapped, and the traffic outside of these lines.",
                by: code cold_start_every_invocation,
            }
            /// A normal cold start. Nothing is wrong with it, so no invocation is ever judged to have it; a rule may
            /// still ask for it.
            ColdStart "cold_start" {
                meaning: "a new environment was started",
                next_step: "None, unless the wait matters. Then keep environments ready (pings, provisioned concurrency, SnapStart) or shorten the init phase.",
                not_shown: "why the environment was started: a first call, one more at a time, or a deployment.",
                by: code cold_start,
            }
        }
    };
}

pub(super) use causes;
