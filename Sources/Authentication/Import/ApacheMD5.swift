internal import Crypto

/// Apache's `$apr1$`: the MD5 crypt of FreeBSD with another name in it (apr_md5.c of the Apache Portable Runtime).
///
/// crypt(3) does not know it, and it is what `htpasswd` made unless told otherwise.
enum ApacheMD5 {
    private static let name = Array("$apr1$".utf8)
    private static let alphabet = Array("./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    /// The 22 characters behind the salt.
    static func hash(_ password: UnsafeRawBufferPointer, salt: [UInt8]) -> [UInt8] {
        var digest = unsafe first(password, salt)
        for round in 0..<1000 {
            var hash = Insecure.MD5()
            if round % 2 == 1 { unsafe hash.update(bufferPointer: password) } else { hash.update(data: digest) }
            if round % 3 != 0 { hash.update(data: salt) }
            if round % 7 != 0 { unsafe hash.update(bufferPointer: password) }
            if round % 2 == 1 { hash.update(data: digest) } else { unsafe hash.update(bufferPointer: password) }
            digest = Array(hash.finalize())
        }
        return text(digest)
    }

    private static func first(_ password: UnsafeRawBufferPointer, _ salt: [UInt8]) -> [UInt8] {
        var alternate = Insecure.MD5()
        unsafe alternate.update(bufferPointer: password)
        alternate.update(data: salt)
        unsafe alternate.update(bufferPointer: password)
        let filler = Array(alternate.finalize())

        var hash = Insecure.MD5()
        unsafe hash.update(bufferPointer: password)
        hash.update(data: name)
        hash.update(data: salt)
        var rest = password.count
        while rest > 0 {
            hash.update(data: filler.prefix(min(16, rest)))
            rest -= 16
        }
        var length = password.count
        while length != 0 {
            if length % 2 == 1 { hash.update(data: [0]) } else { unsafe hash.update(data: [password[0]]) }
            length >>= 1
        }
        return Array(hash.finalize())
    }

    /// The octets in the order the original had them, six bits a character, the lowest first.
    private static func text(_ digest: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        func append(_ octets: [Int], _ count: Int) {
            var bits = octets.reduce(0) { $0 << 8 | Int(digest[$1]) }
            for _ in 0..<count {
                text.append(alphabet[bits & 0x3F])
                bits >>= 6
            }
        }
        for place in 0..<4 { append([place, place + 6, place + 12], 4) }
        append([4, 10, 5], 4)
        append([11], 2)
        return text
    }
}
