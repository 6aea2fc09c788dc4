# The report of a month.
title = Report for { $month }
picture = Costs by day and service, { $month }
total = Total { $amount } ({ $state }){ $change }.
settled = settled
not-settled = { $first } to { $last }, not all settled: it may still move
more-than = , { $change } more{ $percent } than in { $month } ({ $before })
less-than = , { $change } less{ $percent } than in { $month } ({ $before })
same-as = , the same as in { $month }
before-unknown = ; what { $month } cost is not known
two-currencies = The total is unknown: the services are billed in more than one currency, which have no sum.
nothing-known = No cost is known of this month.
known-days = Costs are known from { $first } to { $last }.
what-to-do = Costs come from a [watch] with read.cost_explorer while `monitor run` is running; `monitor status` says how the sources are.
accounts = { $count ->
    [one] The figures are those of one account: { $list }.
   *[other] The figures are those of { $count } accounts: { $list }.
}
why = Why it changed, the largest reasons first:
usage-more = more was used
usage-less = less was used
price-more = the same use costs more
price-less = the same use costs less
new = new on the bill
gone = no longer on the bill
tax = tax
credit = credits, refunds and discounts

# The services and the days.
services = Services
service = Service
amount = Amount
month-before = Month before
change = Change
days = Days
unknown = unknown
more-services = { $count ->
    [one] and one more service: { $amount }
   *[other] and { $count } more services: { $amount } together
}
small-services = and { $count } below half a cent
day-by-day = Day by day
dearest-day = The dearest day was { $day } with { $amount }.
unsettled-days = Not settled yet: { $days }.
missing-days = Nothing is known of { $days }.
from-to = { $first } to { $last }
legend-other = other
legend-unsettled = lighter and hatched: not settled yet
things = What stands behind it
thing = Name
note = What is known
more-rows = { $count ->
    [one] and one more
   *[other] and { $count } more
}

# The functions and the pings.
functions = Lambda functions
function = Function
invocations = Invocations
cold = Cold
waited = Waited
timeouts = Timeouts
errors = Errors
memory = Memory
causes = Causes
cause-count = { $count } × { $title }
count = { $count }
no-invocations = No invocation was read in this month.
pings = Warm-up pings
no-pings = No ping was sent in this month.
ping = { $function }: { $sent ->
    [one] one ping, { $cost }
   *[other] { $sent } pings, { $cost }
}
ping-cost = for { $amount }
ping-cost-partly = for { $amount } and { $count } of unknown price
ping-cost-unknown = at an unknown price
ping-met = { $unknown ->
    [0] They met a warm environment { $warm } times and a cold one { $cold } times; { $bad } failed or timed out.
   *[other] They met a warm environment { $warm } times and a cold one { $cold } times; { $bad } failed or timed out, and of { $unknown } it is not known.
}
ping-others = { $count ->
    [0] Nobody else called it, as far as its log was read.
    [one] One other invocation is in its log; at most { $waited } of them waited for a cold start.
   *[other] { $count } other invocations are in its log; at most { $waited } of them waited for a cold start.
}
ping-others-fewer = Its log was read only in part ({ $seen } invocations), so who else called is not known.
ping-others-unread = Its log was not read, so who else called is not known.
without-pings = How many cold starts there would have been without pings is not known.

# The incidents.
incidents = Incidents
since = Since
length = Length
severity = Severity
rule = Rule
headline = What
cause = Cause
still-open = { $length }, still open
no-incidents = None.
verbatim = What was found is shown as it was told then.
severity-info = info
severity-warning = warning
severity-critical = critical

# How it goes on.
forecast = Forecast
forecast-unknown = The month cannot be forecast: { $why }.
forecast-total = As of { $day }, the month will end at { $amount }; four of five months end between { $low } and { $high }.
forecast-amount = Forecast
low = From
high = To
score = { $month } came to { $actual }. On { $day } this forecast said { $forecast } ({ $error }); the days so far, continued at the same rate, said { $naive } ({ $naive_error }).
off-by = { $percent }% off
off-by-unknown = error unknown
idle = Paid for and used by nobody, as far as it is known
what = What
per-month = A month
idle-careful = Nothing is deleted by itself. Look at each of them first:
restated = Days that changed after they were settled
day = Day
was = Was
is = Is
seen = Seen
own-cost = The monitor's own cost
own-cost-said = Its own AWS calls cost { $amount }{ $cap } ({ $paid }; { $free } free calls).
cap = {" "}of at most { $amount } a month
calls = { $count } × { $operation }
no-paid-call = no paid call
idle-rds-instance = database
idle-nat-gateway = NAT gateway
idle-load-balancer = load balancer
idle-address = IP address
idle-volume = volume
idle-provisioned-concurrency = provisioned concurrency
idle-log-group = log group

# Units of time.
unit-d = { $n } d
unit-h = { $n } h
unit-min = { $n } min
unit-s = { $n } s
unit-ms = { $n } ms

# Why an invocation went wrong.
cause-app-exception = the application fails
cause-aws-api-error = AWS refuses a call
cause-bad-event = it gets events it does not understand
cause-bad-response = the handler's answer cannot be used
cause-cold-start = a new environment was started
cause-cold-start-every-invocation = nearly every call waits for a cold start
cause-credentials-invalid = AWS refuses the credentials the function signs with
cause-db-connections-exhausted = the database has no connection left
cause-db-unreachable = the database does not answer
cause-dns-failure = a host name does not resolve
cause-downstream-throttled = a service it calls throttles it
cause-event-loop-hang = open handles keep it alive until the timeout
cause-extension-failure = an extension fails or uses up the time
cause-fd-exhausted = it runs out of file descriptors
cause-function-timeout = it hits its timeout
cause-handler-not-found = the handler does not exist in the package
cause-iam-denied = a permission is missing
cause-import-error = a module is missing from the package
cause-init-exception = the code fails while it is loaded
cause-init-timeout = start-up hits its own time limit
cause-invalid-entrypoint = the entry point is missing or cannot be used
cause-kms-denied = the environment variables cannot be decrypted
cause-memory-pressure = memory is nearly used up
cause-missing-config = a setting is missing
cause-native-crash = native code crashes the process
cause-native-lib-missing = a native library is missing or too new
cause-oom = it ran out of memory
cause-package-permissions = files are not readable
cause-payload-too-large = a payload is too large
cause-read-only-fs = it writes to a read-only place
cause-reinit-loop = it restarts in a loop and never gets to work
cause-runtime-exit = the runtime process ends
cause-slow-cold-start = start-up takes too long
cause-syntax-error = the code cannot be parsed
cause-tmp-full = /tmp is full
cause-upstream-error = a service it calls answers with an error
cause-vpc-no-egress = a connection to the outside gets no answer
cause-wrong-arch-or-binary = it was built for another architecture
