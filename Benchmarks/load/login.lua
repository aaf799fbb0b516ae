-- wrk script: logins of random people. Arguments after --: FORMAT (form, json, xml) PEOPLE
local kind, people = "form", 20000

function init(args)
    kind = args[1] or kind
    people = tonumber(args[2] or people)
    math.randomseed(os.time() + tonumber(tostring({}):match("0x(%x+)"), 16) % 100000)
    wrk.method = "POST"
    if kind == "form" then
        wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
    elseif kind == "json" then
        wrk.headers["Content-Type"] = "application/json"
    else
        wrk.headers["Content-Type"] = "application/xml"
    end
end

function request()
    local user = string.format("user%06d", math.random(1, people))
    local body
    if kind == "form" then
        body = "Grant_type=password&UserName=" .. user .. "&Password=" .. user .. "&LDAPServerId=1"
    elseif kind == "json" then
        body = '{"Grant_type":"password","UserName":"' .. user .. '","Password":"' .. user .. '","LDAPServerId":1,"IsInSessionAuth":0}'
    else
        body = '<LoginBinding xmlns="http://schemas.datacontract.org/2004/07/TechExcel.DevTrackApi.Bindings"><Grant_type>password'
            .. "</Grant_type><IsInSessionAuth>0</IsInSessionAuth><LDAPServerId>1</LDAPServerId><Password>" .. user
            .. "</Password><UserName>" .. user .. "</UserName></LoginBinding>"
    end
    return wrk.format(nil, nil, nil, body)
end

function done(summary, latency, requests)
    local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
    io.write(string.format('JSON {"rate":%.1f,"done":%d,"errors":%d,"status_errors":%d,"p50_ms":%.3f,"p99_ms":%.3f,"p999_ms":%.3f}\n',
        summary.requests / (summary.duration / 1e6), summary.requests, errors, summary.errors.status,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency:percentile(99.9) / 1000))
end
