-- wrk script: questions about access tokens. Arguments after --: MODE (verify, introspect, plain) FILE (a token a line)
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")

local requests = {}

function init(args)
    local mode = args[1] or "plain"
    math.randomseed(os.time() + tonumber(tostring({}):match("0x(%x+)"), 16) % 100000)
    if mode == "plain" then
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
