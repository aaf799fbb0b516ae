internal import Tokens

/// The answer of `GET /api/v1/auth/sessions`.
struct SessionList: DescribedBody {
    let sessions: [SessionSummary]

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("sessions") { json in
                json.array(sessions) { json, session in
                    json.object { json in
                        json.member("DTTSessionId", session.number)
                        json.member("session_state", session.id)
                        json.member("client_id", session.client)
                        json.member("scope", session.scope)
                        json.member("ip", session.address)
                        json.member("user_agent", session.userAgent)
                        json.member("created_at", session.createdAt)
                        json.member("last_used_at", session.lastUsedAt)
                        json.member("expires_at", session.expiresAt)
                        json.member("current", session.isCurrent)
                    }
                }
            }
        }
    }

    static let sample = SessionList(sessions: [
        SessionSummary(
            number: 77,
            id: "0b0c7a3e-6a3f-4a5c-9a51-0d2f0e6f7b11",
            client: "web",
            scope: "read",
            address: "192.0.2.10",
            userAgent: "curl/8.5.0",
            createdAt: 1_790_000_000,
            lastUsedAt: 1_790_000_100,
            expiresAt: 1_790_036_000,
            isCurrent: true
        )
    ])

    static let members = [
        BodyMember(
            "sessions",
            .objects([
                BodyMember("DTTSessionId", .integer, "The session's number, by which it can be ended."),
                BodyMember("session_state", .text, "Its UUID."),
                BodyMember("client_id", .text, "For which client it was opened."),
                BodyMember("scope", .text, "Space-separated."),
                BodyMember("ip", .text, "From where it was opened."),
                BodyMember("user_agent", .text, "With what it was opened."),
                BodyMember("created_at", .integer, "In seconds since 1970, like the next two."),
                BodyMember("last_used_at", .integer, "The last login or refresh."),
                BodyMember("expires_at", .integer, "When it ends unless it is refreshed before."),
                BodyMember("current", .boolean, "True for the session of the token that asked."),
            ]),
            "The newest first, at most 1000."
        )
    ]
}
