# 월간 보고서
title = { $month } 보고서
picture = { $month } 일별·서비스별 비용
total = 총액 { $amount } ({ $state }){ $change }.
settled = 확정
not-settled = { $first }~{ $last }, 일부 미확정(금액이 바뀔 수 있음)
more-than = , 전월 대비 { $change } 증가{ $percent }, { $month } { $before }
less-than = , 전월 대비 { $change } 감소{ $percent }, { $month } { $before }
same-as = , { $month }과 동일
before-unknown = , { $month } 비용은 알 수 없음
two-currencies = 여러 통화로 청구되어 총액을 낼 수 없습니다.
nothing-known = 이 달의 비용 정보가 없습니다.
known-days = 비용 정보가 있는 기간은 { $first }부터 { $last }까지입니다.
what-to-do = 비용은 `monitor run` 실행 중에 read.cost_explorer를 사용하는 [watch]가 수집합니다. 수집 상태는 `monitor status`로 확인하세요.
accounts = { $count ->
   *[other] 계정 { $count }개의 비용입니다: { $list }
}
many-accounts = 계정 { $count }개의 비용입니다.
why = 달라진 주된 이유:
usage-more = 사용량 증가
usage-less = 사용량 감소
price-more = 같은 사용량의 비용 증가
price-less = 같은 사용량의 비용 감소
new = 새로 청구됨
gone = 더 이상 청구되지 않음
tax = 세금
credit = 크레딧
refund = 환불
discount = 할인
support = 지원 플랜
commitment = 예약·Savings Plans·구독 요금
one-time = 청구 주기 외 요금

# 서비스와 일별 비용
services = 서비스별 비용
service = 서비스
amount = 금액
month-before = 전월
change = 증감
days = 일별
unknown = 알 수 없음
more-services = { $count ->
   *[other] 그 밖의 서비스 { $count }개: 합계 { $amount }
}
small-services = 0.5센트 미만 서비스 { $count }개
day-by-day = 일별 비용
dearest-day = 비용이 가장 큰 날은 { $day }로 { $amount }입니다.
unsettled-days = 아직 미확정: { $days }.
missing-days = 비용을 알 수 없는 날: { $days }.
from-to = { $first }~{ $last }
legend-other = 기타
legend-deploy = 배포
legend-unsettled = 옅은 빗금: 아직 미확정
things = 비용이 청구된 리소스
thing = 이름
note = 상세 정보
more-rows = { $count ->
   *[other] 그 밖에 { $count }건
}

# 함수와 핑
functions = Lambda 함수
function = 함수
invocations = 호출
cold = 콜드 스타트
waited = 대기한 호출
timeouts = 시간 초과
errors = 오류
memory = 메모리
causes = 원인
cause-count = { $title } { $count }건
count = { $count }
init-share = { $function }: 과금된 시간의 { $percent }%가 시작 단계(INIT)에 쓰였습니다.
no-invocations = 이 달의 로그에 호출 기록이 없습니다.
pings = 웜업 핑
no-pings = 이 달에 보낸 핑이 없습니다.
ping = { $sent ->
   *[other] { $function }: 핑 { $sent }회, { $cost }
}
ping-cost = 비용 { $amount }
ping-cost-partly = 비용 { $amount }(이 밖에 { $count }회는 비용을 알 수 없음)
ping-cost-unknown = 비용을 알 수 없음
ping-met = { $unknown ->
    [0] 웜 환경이 응답한 핑은 { $warm }회, 콜드 스타트는 { $cold }회, 실패 또는 시간 초과는 { $bad }회입니다.
   *[other] 웜 환경이 응답한 핑은 { $warm }회, 콜드 스타트는 { $cold }회, 실패 또는 시간 초과는 { $bad }회이고, { $unknown }회는 알 수 없습니다.
}
ping-others = { $count ->
    [0] 읽은 로그에는 다른 호출이 없습니다.
   *[other] 로그에 있는 다른 호출은 { $count }회이며, 그중 콜드 스타트를 기다린 호출은 최대 { $waited }회입니다.
}
ping-others-fewer = 로그를 일부만 읽어(호출 { $seen }회) 다른 호출이 있었는지 알 수 없습니다.
ping-others-unread = 로그를 읽지 않아 다른 호출이 있었는지 알 수 없습니다.
planned-cold = { $calls ->
   *[other] 호출 { $calls }회 중 { $cold }회가 콜드 스타트를 기다렸습니다(휴지 후 { $idle }회, AWS가 수명이 다한 환경을 종료하여 { $recycling }회, 모든 환경이 사용 중이어서 { $overlap }회, 배포 후 { $deploy }회).
}
planned-tests = { $count ->
   *[other] 그중 { $count }회는 핑의 효과를 시험하려고 핑을 보내지 않은 동안에 기다렸습니다.
}
planned-without = 같은 호출을 핑 없이 재현하면 { $count }회가 기다렸을 것입니다.
planned-weeks = { $promised ->
   *[other] 목표를 약속한 { $promised }주 중 { $kept }주에 지켜졌습니다.
}
planned-no-difference = 핑을 중단했습니다. 핑을 보낼 때와 보내지 않을 때 기다린 사용자 수가 같습니다.
planned-out-of-reach = 핑을 중단했습니다. 목표에 가까워지는 계획이 없습니다.
planned-start-up = 핑을 중단했습니다. 핑이 시작 단계에서 시간 초과되므로 시작 단계를 먼저 고쳐야 합니다.
planned-errors = 핑을 중단했습니다. 핑이 오류로 끝납니다.
without-pings = 핑이 없었다면 콜드 스타트가 몇 번 있었을지는 알 수 없습니다.

# 인시던트
incidents = 인시던트
since = 시작
length = 지속 시간
severity = 심각도
rule = 규칙
headline = 내용
cause = 원인
still-open = { $length }, 진행 중
no-incidents = 없습니다.
verbatim = 내용은 알림을 보낸 시점의 원문입니다.
severity-info = 정보
severity-warning = 경고
severity-critical = 심각

# 계정의 변경
changes = 변경 내역
changed-at = 시각
changed-resource = 리소스
changed-what = 변경
changed-by = 변경한 호출
changed-between = { $since } ~ { $until }

# 전망
forecast = 예측
forecast-unknown = 이 달은 예측할 수 없습니다: { $why }.
forecast-total = { $day } 기준 이 달의 예상 비용은 { $amount }입니다. 다섯 달 중 네 달은 { $low }에서 { $high } 사이로 끝납니다.
forecast-amount = 예측
low = 최저
high = 최고
score = { $month }의 실제 비용은 { $actual }입니다. { $day } 시점의 예측은 { $forecast } ({ $error }), 그때까지의 일평균으로 계산한 단순 예측은 { $naive } ({ $naive_error })였습니다.
off-by = 오차 { $percent }%
off-by-unknown = 오차를 알 수 없음
idle = 사용되지 않는 것으로 보이는 유료 리소스
what = 종류
per-month = 월 비용
idle-careful = 자동으로 삭제되지 않습니다. 먼저 하나씩 확인하세요:
restated = 확정 후 금액이 바뀐 날
day = 날짜
was = 이전
is = 이후
seen = 확인 시각
own-cost = 모니터 자체 비용
own-cost-said = 모니터의 AWS 호출 비용은 { $amount }입니다{ $cap }. 유료 호출: { $paid }, 무료 호출: { $free }회.
cap = {" "}(월 한도 { $amount })
calls = { $operation } { $count }회
no-paid-call = 없음
idle-rds-instance = 데이터베이스
idle-nat-gateway = NAT 게이트웨이
idle-load-balancer = 로드 밸런서
idle-address = IP 주소
idle-volume = 볼륨
idle-provisioned-concurrency = 프로비저닝된 동시성
idle-log-group = 로그 그룹

# 시간 단위
unit-d = { $n }일
unit-h = { $n }시간
unit-min = { $n }분
unit-s = { $n }초
unit-ms = { $n }밀리초

# 호출이 잘못된 원인
cause-app-exception = 애플리케이션 오류
cause-aws-api-error = AWS가 호출을 거부함
cause-bad-event = 이벤트 형식이 올바르지 않음
cause-bad-response = 핸들러의 응답을 사용할 수 없음
cause-cold-start = 새 환경이 시작됨
cause-cold-start-every-invocation = 거의 모든 호출이 콜드 스타트를 기다림
cause-credentials-invalid = AWS가 함수의 자격 증명을 거부함
cause-db-connections-exhausted = 데이터베이스 연결이 모두 사용 중임
cause-db-unreachable = 데이터베이스가 응답하지 않음
cause-dns-failure = 호스트 이름을 찾을 수 없음
cause-downstream-throttled = 호출한 서비스가 요청을 제한함(스로틀링)
cause-event-loop-hang = 열린 핸들 때문에 시간 초과까지 끝나지 않음
cause-extension-failure = 확장 프로그램이 실패하거나 너무 오래 걸림
cause-fd-exhausted = 파일 디스크립터 부족
cause-function-timeout = 함수 시간 초과
cause-handler-not-found = 패키지에 핸들러가 없음
cause-iam-denied = 권한 부족
cause-import-error = 패키지에 모듈이 없음
cause-init-exception = 코드 로드 중 오류
cause-init-timeout = 초기화(init) 시간 제한 초과
cause-invalid-entrypoint = 진입점이 없거나 사용할 수 없음
cause-kms-denied = 환경 변수를 복호화할 수 없음
cause-memory-pressure = 메모리가 거의 다 참
cause-missing-config = 설정값 누락
cause-native-crash = 네이티브 코드 오류로 프로세스가 중단됨
cause-native-lib-missing = 네이티브 라이브러리가 없거나 버전이 너무 높음
cause-oom = 메모리 부족
cause-package-permissions = 파일을 읽을 권한이 없음
cause-payload-too-large = 페이로드가 너무 큼
cause-read-only-fs = 읽기 전용 위치에 쓰기 시도
cause-reinit-loop = 재시작을 반복하며 초기화를 끝내지 못함
cause-runtime-exit = 런타임 프로세스가 종료됨
cause-slow-cold-start = 초기화가 너무 오래 걸림
cause-syntax-error = 코드 구문 오류
cause-tmp-full = /tmp 공간 부족
cause-upstream-error = 호출한 서비스가 오류로 응답함
cause-vpc-no-egress = 외부 연결에 응답이 없음
cause-wrong-arch-or-binary = 다른 아키텍처 또는 버전용으로 빌드됨
