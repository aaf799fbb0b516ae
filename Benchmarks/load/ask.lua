-- wrk script: questions about access tokens. Arguments after --: MODE (verify, introspect, constant) FILE (a token a line)
local mode, tokens = "constant", {}

function init(args)
    mode = args[1] or mode
    if args[2] then
        for line in io.lines(args[2]) do tokens[#tokens + 1] = line end
    end
    math.randomseed(os.time() + tonumber(tostring({}):match("0x(%x+)"), 16) % 100000)
    if mode == "introspect" then
        wrk.method = "POST"
        wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
        wrk.headers["Authorization"] = "Basic YmVuY2g6YmVuY2gtc2VjcmV0" -- bench:bench-secret
    end
end

function request()
    if mode == "constant" then return wrk.format() end
    local token = tokens[math.random(1, #tokens)]
    if mode == "introspect" then return wrk.format(nil, nil, nil, "token=" .. token) end
    wrk.headers["Authorization"] = "Bearer " .. token
    return wrk.format()
end

function done(summary, latency, requests)
    local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
    io.write(string.format('JSON {"rate":%.1f,"done":%d,"errors":%d,"status_errors":%d,"p50_ms":%.3f,"p99_ms":%.3f,"p999_ms":%.3f}\n',
        summary.requests / (summary.duration / 1e6), summary.requests, errors, summary.errors.status,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency:percentile(99.9) / 1000))
end
