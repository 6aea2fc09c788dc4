# The report of a month.
title = Report for { $month }
picture = Costs by day and service, { $month }
total = Total { $amount } ({ $state }){ $change }.
settled = settled
not-settled = { $first } to { $last }, partly provisional: it may still change
more-than = , { $change } more{ $percent } than in { $month } ({ $before })
less-than = , { $change } less{ $percent } than in { $month } ({ $before })
same-as = , the same as in { $month }
before-unknown = ; what { $month } cost is not known
two-currencies = There is no total: the services are billed in more than one currency.
nothing-known = No cost is known for this month.
known-days = Costs are known from { $first } to { $last }.
what-to-do = A [watch] with read.cost_explorer reads costs while `monitor run` is running; `monitor status` shows the state of the sources.
accounts = { $count ->
    [one] The costs are those of one account: { $list }.
   *[other] The costs are those of { $count } accounts: { $list }.
}
many-accounts = The costs are those of { $count } accounts.
why = Why it changed, the largest reasons first:
usage-more = more was used
usage-less = less was used
price-more = the same use costs more
price-less = the same use costs less
new = new on the bill
gone = no longer on the bill
tax = tax
credit = credits
refund = refunds
discount = discounts
support = support plan
commitment = fees of reservations, Savings Plans and subscriptions
one-time = charges outside of the billing cycle

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
small-services = and { $count } under half a cent
day-by-day = Day by day
dearest-day = The most expensive day was { $day } with { $amount }.
unsettled-days = Provisional: { $days }.
missing-days = Cost unknown: { $days }.
from-to = { $first } to { $last }
legend-other = other
legend-deploy = deployment
legend-unsettled = lighter and hatched: provisional
things = Resources behind the bill
thing = Name
note = Details
more-rows = { $count ->
    [one] and one more
   *[other] and { $count } more
}

# The functions and the pings.
functions = Lambda functions
function = Function
invocations = Invocations
cold = Cold starts
waited = Waited
timeouts = Timeouts
errors = Errors
memory = Memory
causes = Causes
cause-count = { $count } × { $title }
count = { $count }
init-share = { $function }: { $percent }% of what was billed went into start-up (INIT).
no-invocations = No invocations in the logs of this month.
pings = Warm-up pings
no-pings = No pings were sent in this month.
ping = { $function }: { $sent ->
    [one] one ping, { $cost }
   *[other] { $sent } pings, { $cost }
}
ping-cost = for { $amount }
ping-cost-partly = for { $amount }, { $count } of them at an unknown price
ping-cost-unknown = at an unknown price
ping-met = { $unknown ->
    [0] { $warm } reached a warm environment, { $cold } caused a cold start, { $bad } failed or timed out.
   *[other] { $warm } reached a warm environment, { $cold } caused a cold start, { $bad } failed or timed out; for { $unknown } it is unknown.
}
ping-others = { $count ->
    [0] Its log, as far as it was read, shows no other invocation.
    [one] Its log shows one other invocation; at most { $waited } waited for a cold start.
   *[other] Its log shows { $count } other invocations; at most { $waited } of them waited for a cold start.
}
ping-others-fewer = Its log was read only in part ({ $seen } invocations), so other invocations are unknown.
ping-others-unread = Its log was not read, so other invocations are unknown.
planned-cold = { $calls ->
    [one] Of one call, { $cold } waited for a cold start ({ $idle } after a pause, { $recycling } because AWS had ended the environment by its age, { $overlap } because all were busy, { $deploy } after a deploy).
   *[other] Of { $calls } calls, { $cold } waited for a cold start ({ $idle } after a pause, { $recycling } because AWS had ended the environment by its age, { $overlap } because all were busy, { $deploy } after a deploy).
}
planned-tests = { $count ->
    [one] One of them waited while pings were left out to test whether they help.
   *[other] { $count } of them waited while pings were left out to test whether they help.
}
planned-without = Without pings, { $count } would have waited, by replay of the same calls.
planned-weeks = { $promised ->
    [one] The target was promised for one week, and kept in { $kept }.
   *[other] The target was promised for { $promised } weeks, and kept in { $kept }.
}
planned-no-difference = Pings have stopped: with them, as many users waited as without.
planned-out-of-reach = Pings have stopped: no plan comes near the target.
planned-start-up = Pings have stopped: they time out in start-up, which must be mended first.
planned-errors = Pings have stopped: they end in errors.
without-pings = The number of cold starts without pings is unknown.

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
verbatim = The texts are those of the notifications at that time.
severity-info = info
severity-warning = warning
severity-critical = critical

# The changes of the account.
changes = Changes
changed-at = When
changed-resource = Resource
changed-what = Change
changed-by = By
changed-between = { $since } to { $until }

# The forecast.
forecast = Forecast
forecast-unknown = The month cannot be forecast: { $why }.
forecast-total = As of { $day }, the month is forecast to end at { $amount }; four of five months end between { $low } and { $high }.
forecast-amount = Forecast
low = From
high = To
score = { $month } cost { $actual }. On { $day } the forecast was { $forecast } ({ $error }); the average of the days so far gave { $naive } ({ $naive_error }).
off-by = { $percent }% off
off-by-unknown = error unknown
idle = Idle resources, as far as known
what = What
per-month = Per month
idle-careful = Nothing is deleted automatically. Check each of them first:
restated = Days that changed after they were settled
day = Day
was = Was
is = Is
seen = Seen
own-cost = The monitor's own cost
own-cost-said = The monitor's own AWS calls cost { $amount }{ $cap } ({ $paid }; { $free } free calls).
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
cause-aws-api-error = AWS rejects a call
cause-bad-event = the event does not have the expected shape
cause-bad-response = the handler's response cannot be used
cause-cold-start = a new environment was started
cause-cold-start-every-invocation = nearly every call waits for a cold start
cause-credentials-invalid = AWS rejects the function's credentials
cause-db-connections-exhausted = the database has no free connection
cause-db-unreachable = the database does not answer
cause-dns-failure = a host name does not resolve
cause-downstream-throttled = a service throttles its calls
cause-event-loop-hang = open handles keep it running until the timeout
cause-extension-failure = an extension fails or takes too long
cause-fd-exhausted = it runs out of file descriptors
cause-function-timeout = it hits its timeout
cause-handler-not-found = the handler does not exist in the package
cause-iam-denied = a permission is missing
cause-import-error = a module is missing from the package
cause-init-exception = the code fails while it is being loaded
cause-init-timeout = the init phase hits its time limit
cause-invalid-entrypoint = the entry point is missing or cannot be used
cause-kms-denied = the environment variables cannot be decrypted
cause-memory-pressure = memory is almost full
cause-missing-config = a setting is missing
cause-native-crash = native code crashes the process
cause-native-lib-missing = a native library is missing or too new
cause-oom = it ran out of memory
cause-package-permissions = files are not readable
cause-payload-too-large = a payload is too large
cause-read-only-fs = it writes to a read-only path
cause-reinit-loop = it restarts in a loop and never finishes starting
cause-runtime-exit = the runtime process ends
cause-slow-cold-start = the init phase takes too long
cause-syntax-error = the code cannot be parsed
cause-tmp-full = /tmp is full
cause-upstream-error = a service it calls returns an error
cause-vpc-no-egress = an outgoing connection gets no answer
cause-wrong-arch-or-binary = it was built for another architecture or version
