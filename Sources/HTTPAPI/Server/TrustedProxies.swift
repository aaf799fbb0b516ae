public import Authentication
internal import NIOHTTP1

/// Whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: `http.trusted_proxies`.
public struct TrustedProxies: Sendable, Hashable {
    private let ranges: [AddressRange]
    private let trustsUnixPeers: Bool

    /// The proxies of the given ranges, and peers on Unix sockets when `unixPeers` is true.
    public init(ranges: [AddressRange] = [], unixPeers: Bool = false) {
        self.ranges = ranges
        trustsUnixPeers = unixPeers
    }

    /// As written in the configuration: CIDRs, addresses, and the word "unix".
    ///
    /// - Throws: ``HTTPServerError`` with the code `invalidAddress`, naming the text that is none of them.
    public init(_ texts: [String]) throws(HTTPServerError) {
        var ranges: [AddressRange] = []
        var unixPeers = false
        for text in texts {
            if text == "unix" {
                unixPeers = true
            } else if let range = AddressRange(text) {
                ranges.append(range)
            } else {
                throw HTTPServerError(
                    .invalidAddress,
                    "\"\(text)\" in trusted_proxies is neither an address, a CIDR such as 10.0.0.0/8, nor \"unix\""
                )
            }
        }
        self.init(ranges: ranges, unixPeers: unixPeers)
    }

    /// True when nobody is trusted.
    public var isEmpty: Bool { ranges.isEmpty && !trustsUnixPeers }

    private func trusts(_ address: IPAddress) -> Bool {
        ranges.contains { $0.contains(address) }
    }

    private func trusts(_ peer: Peer) -> Bool {
        peer.address.map(trusts) ?? trustsUnixPeers
    }

    /// Walks `X-Forwarded-For` from the right: each trusted hop vouches for the entry it appended, and the first that
    /// is not trusted, or that is no address, ends the walk.
    func caller(peer: Peer, headers: HTTPHeaders) -> Caller {
        guard !isEmpty, trusts(peer) else { return Caller(peer) }
        var address = peer.address
        var hops = 1
        for entry in Self.list(headers[canonicalForm: "x-forwarded-for"]).reversed() {
            guard let hop = Self.address(in: entry) else { break }
            address = hop
            guard trusts(hop) else { break }
            hops += 1
        }
        return Caller(address, isSecure: Self.isSecure(headers, hops: hops, connection: peer.isSecure))
    }

    /// Each hop appends how it was reached; the entry of the outermost trusted hop tells how the caller came.
    /// A proxy that passes on a single value speaks for them all.
    private static func isSecure(_ headers: HTTPHeaders, hops: Int, connection: Bool) -> Bool {
        let entries = list(headers[canonicalForm: "x-forwarded-proto"])
        guard !entries.isEmpty else { return connection }
        return entries[max(0, entries.count - hops)].lowercased() == "https"
    }

    private static func list(_ values: [Substring]) -> [String] {
        values.map { String($0) }.filter { !$0.isEmpty }
    }

    /// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:4711`.
    private static func address(in entry: String) -> IPAddress? {
        if let address = IPAddress(entry) { return address }
        if entry.first == "[", let end = entry.firstIndex(of: "]") {
            return IPAddress(entry[entry.index(after: entry.startIndex)..<end])
        }
        guard let colon = entry.firstIndex(of: ":"), entry.lastIndex(of: ":") == colon else { return nil }
        return IPAddress(entry[..<colon])
    }
}
