-- wrk script: questions about access tokens. Arguments after --: MODE (verify, introspect, constant) FILE (a token a line)
local requests = {}

function init(args)
    local mode = args[1] or "constant"
    math.randomseed(os.time() + tonumber(tostring({}):match("0x(%x+)"), 16) % 100000)
    if mode == "constant" then
        requests[1] = wrk.format()
        return
    end
    -- Written once, so that the generator costs the same whatever is asked.
    for token in io.lines(args[2]) do
        if mode == "introspect" then
            wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
            wrk.headers["Authorization"] = "Basic YmVuY2g6YmVuY2gtc2VjcmV0" -- bench:bench-secret
            requests[#requests + 1] = wrk.format("POST", nil, nil, "token=" .. token)
        else
            wrk.headers["Authorization"] = "Bearer " .. token
            requests[#requests + 1] = wrk.format()
        end
    end
end

function request()
    return requests[math.random(1, #requests)]
end

function done(summary, latency, requests)
    local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
    io.write(string.format('JSON {"rate":%.1f,"done":%d,"errors":%d,"status_errors":%d,"p50_ms":%.3f,"p99_ms":%.3f,"p999_ms":%.3f}\n',
        summary.requests / (summary.duration / 1e6), summary.requests, errors, summary.errors.status,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency:percentile(99.9) / 1000))
end
