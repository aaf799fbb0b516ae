/// What the fields of a local account may hold; each function gives back the value as it is kept, or says what to mend.
public enum AccountFields {
    /// The most scalars a name, a group or a part of a person's name may have.
    public static let maximumLength = 128

    /// The most octets a password may have: far beyond any passphrase, far below a body's limit.
    public static let maximumPasswordLength = 4096

    /// An account name: outer blanks off, nothing invisible, none of `:` and `\`.
    public static func accountName(_ text: String) throws(AccountError) -> String {
        let name = try visible(text, field: "account name")
        guard !name.isEmpty else { throw invalid("The account name is empty; give a name such as alice.") }
        // RFC 7617 §2: a user-id that contains a colon cannot be sent in Basic credentials.
        if name.contains(":") {
            throw invalid("The account name contains a colon, which Basic authentication cannot carry; leave it out.")
        }
        if name.contains("\\") {
            throw invalid("The account name contains a backslash, which separates a domain from a name; leave it out.")
        }
        return name
    }

    /// The name of a group: outer blanks off, nothing invisible, no colon (`source:name` is how a foreign group is written).
    public static func group(_ text: String) throws(AccountError) -> String {
        let name = try visible(text, field: "group name")
        guard !name.isEmpty else { throw invalid("The group name is empty; give a name such as editors.") }
        if name.contains(":") {
            throw invalid(
                "The group name “\(name)” contains a colon, which separates a source from a group; leave it out."
            )
        }
        return name
    }

    /// All group names, sorted, without duplicates.
    public static func groups(_ names: some Sequence<String>) throws(AccountError) -> [String] {
        var checked: Set<String> = []
        for name in names { checked.insert(try group(name)) }
        return checked.sorted()
    }

    /// A part of a person's name, or nil when it is empty. `field` is how the sentence calls it.
    public static func personName(_ text: String?, field: String) throws(AccountError) -> String? {
        guard let text else { return nil }
        let name = try visible(text, field: field)
        return name.isEmpty ? nil : name
    }

    /// A mail address, or nil when it is empty. Only its rough form is looked at: `somebody@somewhere`, no blanks.
    public static func email(_ text: String?) throws(AccountError) -> String? {
        guard let text else { return nil }
        let address = try visible(text, field: "e-mail address", limit: 254)
        if address.isEmpty { return nil }
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), !address.contains(" ") else {
            throw invalid("The e-mail address “\(address)” has not the form somebody@example.org; correct it.")
        }
        return address
    }

    /// A password that may be set: not empty and of a bearable length; otherwise any octets.
    public static func password(_ password: Password) throws(AccountError) {
        if password.isEmpty {
            throw invalid("The password is empty, and an empty password never lets anybody in; give another.")
        }
        if password.count > maximumPasswordLength {
            throw invalid("The password is longer than \(maximumPasswordLength) bytes; give a shorter one.")
        }
    }

    private static func visible(
        _ text: String,
        field: String,
        limit: Int = maximumLength
    ) throws(AccountError) -> String {
        let trimmed = UsernameFolding.trimmingBlanks(text)
        guard trimmed.unicodeScalars.count <= limit else {
            throw invalid("The \(field) is longer than \(limit) characters; shorten it.")
        }
        if let scalar = trimmed.unicodeScalars.first(where: { !isVisible($0) }) {
            let digits = String(scalar.value, radix: 16, uppercase: true)
            let point = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            throw invalid(
                "The \(field) contains a character that cannot be seen or is not assigned (\(point)); "
                    + "type it again without that character."
            )
        }
        return String(trimmed)
    }

    /// Names that look the same must be the same, and the form they are compared in must never change: so no controls,
    /// no invisible formatting, no blank but the plain one, nothing private or unassigned.
    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        let properties = scalar.properties
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            return false
        case .spaceSeparator:
            return scalar == " "
        default:
            return !properties.isDefaultIgnorableCodePoint
        }
    }

    private static func invalid(_ sentence: String) -> AccountError { AccountError(.invalid, sentence) }
}
