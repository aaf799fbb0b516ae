/// Whether a certificate is for a host (RFC 9525, with libldap's fall-back to the common name).
enum TLSNameMatching {
    /// `host` is a DNS name or an address without brackets.
    static func matches(_ host: String, names: [String], commonName: String?) -> Bool {
        if let address = IPAddressText.octets(host) {
            return names.contains { IPAddressText.octets($0) == address } || commonName == host
        }
        return names.contains { matches(host, pattern: $0) } || commonName.map { matches(host, pattern: $0) } ?? false
    }

    /// One name, which may begin with `*.` for exactly one label.
    private static func matches(_ host: String, pattern: String) -> Bool {
        let host = trimmed(host)
        let pattern = trimmed(pattern)
        if host == pattern { return true }
        guard pattern.hasPrefix("*."), let dot = host.firstIndex(of: ".") else { return false }
        let parent = host[host.index(after: dot)...]
        // "*.org" is for nobody.
        return parent.contains(".") && parent == pattern.dropFirst(2)
    }

    private static func trimmed(_ name: String) -> String {
        let lower = name.lowercased()
        return lower.hasSuffix(".") ? String(lower.dropLast()) : lower
    }
}
