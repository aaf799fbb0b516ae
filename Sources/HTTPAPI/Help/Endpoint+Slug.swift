internal import NIOHTTP1

extension Endpoint {
    /// Its name in addresses and in the OpenAPI document: the method and the segments of the path, in lower case.
    var slug: String {
        let segments = path.lowercased().split(separator: "/").map { segment in
            String(segment.drop { $0 == "." }.filter { $0 != "{" && $0 != "}" })
        }
        return ([method.rawValue.lowercased()] + segments).joined(separator: "-")
    }
}
