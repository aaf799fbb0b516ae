# What was red in the output of Swift Testing: issues, crashes, races, and the tests a crash cut short.
# At most 60 lines of 400 octets, for a log of which only the tail is shown.
BEGIN { most = 60; most_of_one = 6; width = 400 }

function tell(line) {
    if (line in told) return
    told[line] = 1
    if (length(line) > width) {
        line = substr(line, 1, width)
        # Not half a character.
        sub(/[\300-\377][\200-\277]*$/, "", line)
        line = line "…"
    }
    if (++lines <= most) print "  " line; else left++
}

# Which test a line is about, or nothing: “✘ Test NAME recorded an issue at …”.
function named(line, ending) {
    sub(/^[^ ]* Test /, "", line)
    return match(line, ending) ? substr(line, 1, RSTART - 1) : ""
}

# Colours, which a terminal's name in the environment is enough for.
{ gsub(/\033\[[0-9;]*m/, "") }
# Behind an argument that is said with a NUL in it the line does not end.
match($0, /(✔|✘) Test /) { $0 = substr($0, RSTART) }

/^◇ Test .* started\.$/ && !/^◇ Test (run|case) / { running[named($0, " started\\.$")] = 1 }
/^[^ ]+ Test .* (passed|failed) after [0-9.]+ seconds/ {
    name = named($0, " (with [0-9]+ test cases? )?(passed|failed) after ")
    delete running[name]
}

{ comment = issue && /^↳ / ? $0 : ""; issue = 0 }
comment != "" { tell("  " comment) }
/^✘ Test .* recorded an issue/ {
    name = named($0, " recorded an issue")
    # One test with very many issues does not hide the others.
    if (++issues[name] <= most_of_one) { tell($0); issue = 1 }
}
/^✘ Test .* failed after / && !/^✘ Test run with / { tell($0) }
/Fatal error: / || /Program crashed: / || /^error: / || /ThreadSanitizer: / { tell($0) }
# Of a crash's thread, the frames in this repository.
/^Thread [0-9]+ .*crashed:/ { frames = 5; next }
/^Thread [0-9]+ / { frames = 0 }
frames > 0 && / at .*\/(Sources|Tests)\/.*:[0-9]+/ { tell($0); frames-- }
{ last[NR % 10] = $0 }

END {
    if (lines == 0) for (n = NR > 10 ? NR - 9 : 1; n <= NR; n++) tell(last[n % 10])
    for (name in running) names = names (names == "" ? "" : ", ") name
    if (left > 0) print "  … and " left " more lines"
    lines = 0
    if (names != "") tell("not ended: " names)
}
