-- wrk script: logins. Arguments after --: FORMAT (form, json, xml) PEOPLE DIRECTORY PREFIX ORDER THREADS
-- ORDER is random, or sequential: all of the people in turn, each thread its part of them.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")

local kind, people, directory, prefix, sequential, first, last, next

function init(args)
    kind, people, directory, prefix = args[1], tonumber(args[2]), args[3], args[4]
    sequential = args[5] == "sequential"
    first = math.floor(people / tonumber(args[6]) * index)
    last = math.floor(people / tonumber(args[6]) * (index + 1))
    next = first
    math.randomseed(os.time() + tonumber(tostring({}):match("0x(%x+)"), 16) % 100000)
    wrk.method = "POST"
    local types = { form = "application/x-www-form-urlencoded", json = "application/json", xml = "application/xml" }
    wrk.headers["Content-Type"] = types[kind]
end

local function name()
    if not sequential then return string.format("%s%06d", prefix, math.random(1, people)) end
    next = next < last and next + 1 or first + 1
    return string.format("%s%06d", prefix, next)
end

function request()
    local user = name()
    local body
    if kind == "form" then
        body = "Grant_type=password&UserName=" .. user .. "&Password=" .. user .. "&LDAPServerId=" .. directory
    elseif kind == "json" then
        body = '{"Grant_type":"password","UserName":"' .. user .. '","Password":"' .. user .. '","LDAPServerId":' .. directory
            .. ',"IsInSessionAuth":0}'
    else
        body = '<LoginBinding xmlns="http://schemas.datacontract.org/2004/07/TechExcel.DevTrackApi.Bindings"><Grant_type>password'
            .. "</Grant_type><IsInSessionAuth>0</IsInSessionAuth><LDAPServerId>" .. directory .. "</LDAPServerId><Password>" .. user
            .. "</Password><UserName>" .. user .. "</UserName></LoginBinding>"
    end
    return wrk.format(nil, nil, nil, body)
end
