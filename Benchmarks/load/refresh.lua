-- wrk script: refreshes. Arguments after --: FILE (a refresh token a line, more of them than connections) THREADS
-- Every token is used once: its successor, read from the answer, takes its place in the row, so that no two requests
-- ever carry the same one and each is a rotation.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")

local row, first, last = {}, 1, 0

function init(args)
    local line = 0
    for token in io.lines(args[1]) do
        if line % tonumber(args[2]) == index then
            last = last + 1
            row[last] = token
        end
        line = line + 1
    end
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
end

function request()
    local token = row[first] or "none-left"
    row[first] = nil
    first = first + 1
    return wrk.format(nil, nil, nil, "grant_type=refresh_token&client_id=bench&client_secret=bench-secret&refresh_token=" .. token)
end

function response(status, headers, body)
    local token = status == 200 and body:match('"refresh_token":"([^"]+)"')
    if token then
        last = last + 1
        row[last] = token
    end
end
