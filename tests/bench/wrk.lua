-- What wrk sends for scripts/bench.sh, and the one line of JSON it answers with.
--   BENCH_TOKEN   bearer token
--   BENCH_RUN     set: POST signals, no two alike, marked with this word; not set: GET the URL
-- A signal differs from the last only in eight digits, so that head and length of every request
-- are the same and the client costs next to nothing of the cores it shares with the server.
local token = os.getenv("BENCH_TOKEN") or ""
local run = os.getenv("BENCH_RUN")

local threads = 0
function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

local before, after
local count = 0
function init()
  wrk.headers["Authorization"] = "Bearer " .. token
  if not run then
    before = wrk.format("GET")
    return
  end
  wrk.headers["Content-Type"] = "application/json"
  local digits = "########"
  local body = '{"site_id":"site-homelab","kind":"disk_full",'
    .. '"summary":"Disk usage 91% on nas-01 /srv/data, ' .. run .. "-" .. id .. "-" .. digits .. '",'
    .. '"severity":"warning","source":"bench","detail":{"host":"nas-01","mount":"/srv/data",'
    .. '"used_pct":91.4,"free_gib":42.1,"probe":"df","attempt":1}}'
  local whole = wrk.format("POST", nil, nil, body)
  local from, to = whole:find(digits, 1, true)
  before, after = whole:sub(1, from - 1), whole:sub(to + 1)
end

function request()
  if not after then
    return before
  end
  count = count + 1
  return before .. string.format("%08d", count) .. after
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"answered":%d,"refused":%d,"broken":%d,"per_second":%.1f,"p50_ms":%.3f,"p99_ms":%.3f}\n',
    summary.requests, e.status, e.connect + e.read + e.write + e.timeout,
    summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
