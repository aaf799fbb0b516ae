internal import Glibc

/// IP addresses between text and octets (inet_pton(3), inet_ntop(3)).
enum IPAddressText {
    /// 4 or 16 octets; nil when the text is no address.
    static func octets(_ text: String) -> [UInt8]? {
        var octets = [UInt8](repeating: 0, count: 16)
        if unsafe inet_pton(AF_INET, text, &octets) == 1 { return Array(octets.prefix(4)) }
        if unsafe inet_pton(AF_INET6, text, &octets) == 1 { return octets }
        return nil
    }

    /// The shortest spelling of 16 octets; nil for another count.
    static func text(_ octets: [UInt8]) -> String? {
        guard octets.count == 16 else { return nil }
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let isWritten = unsafe inet_ntop(AF_INET6, octets, &buffer, socklen_t(buffer.count)) != nil
        guard isWritten else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
