// Formats: bytes become values here and values become bytes, by the rules of two APIs that exist in the field on
// ASP.NET Web API 2 (Json.NET and DataContractSerializer), so that their clients need no change.
//
// Here: media types and negotiation, the strict JSON, form and XML readers, the binding of their members to request
// types (`RequestReader`), the JSON and XML writers, and the one error body (`ErrorBody`).
// Not here: sockets, routes, headers of a connection, the limit of a body's size, and what a request means (Tokens).
// The routes call `RequestReader`, `ResponseFormat.negotiate` and `ResponseFormat.encode`; nothing here does I/O or
// knows of the HTTP library, so that all of it runs in a test or a benchmark on plain arrays of bytes.

/// A value with one fixed shape in JSON.
public protocol JSONBody: Sendable {
    /// Writes the one JSON value, members in the order clients rely on.
    func write(to json: inout JSONWriter)
}

/// A value with one fixed shape in JSON and one in XML.
public protocol WireBody: JSONBody {
    /// Writes the root element, its children in ordinal order.
    func write(to xml: inout XMLWriter)
}
