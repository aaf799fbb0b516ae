public import Tokens

extension UserInfo: DescribedBody {
    /// OpenID Connect Core §5.3.2: a claim without a value is left out.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("sub", subject)
            json.member("preferred_username", username)
            json.member("given_name", unlessNil: firstName)
            json.member("family_name", unlessNil: lastName)
            json.member("name", unlessNil: displayName)
            json.member("email", unlessNil: email)
            json.member("groups", groups)
            json.member("userId", userID)
        }
    }

    static let sample = UserInfo(
        subject: "1:6f9619ff-8b86-d011-b42d-00c04fc964ff",
        username: "terry-j",
        firstName: "Terry",
        lastName: "Johnson",
        displayName: "Terry Johnson",
        email: "terry.johnson@corp.example",
        groups: ["editors", "staff"],
        userID: 12
    )

    static let members = [
        BodyMember("sub", .text, "`source:stable-id`; survives renames."),
        BodyMember("preferred_username", .text, "The canonical name, from the source."),
        BodyMember("given_name", .text, isAlwaysThere: false, "The first name."),
        BodyMember("family_name", .text, isAlwaysThere: false, "The last name."),
        BodyMember("name", .text, isAlwaysThere: false, "The name to show."),
        BodyMember("email", .text, isAlwaysThere: false, "The mail address."),
        BodyMember("groups", .texts, "All groups, those included that did not fit into the token."),
        BodyMember("userId", .integer, "The person's number."),
    ]
}
