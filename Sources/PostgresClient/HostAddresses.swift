import Glibc

/// The numeric addresses of a host name. Blocks, without a limit: only the dialer's threads call it.
enum HostAddresses {
    static func resolve(_ name: String) -> Result<[String?], PostgresError> {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(name, nil, &hints, &list)
        guard code == 0 else {
            let reason = unsafe String(cString: gai_strerror(code))
            return .failure(PostgresError(.connect, "“\(name)” cannot be resolved: \(reason)"))
        }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [String?] = []
        var item = unsafe list
        while let info = unsafe item {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let answer = unsafe getnameinfo(
                info.pointee.ai_addr,
                info.pointee.ai_addrlen,
                &text,
                socklen_t(text.count),
                nil,
                0,
                NI_NUMERICHOST
            )
            let address = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            if answer == 0, !addresses.contains(address) { addresses.append(address) }
            unsafe item = info.pointee.ai_next
        }
        return .success(addresses)
    }
}
