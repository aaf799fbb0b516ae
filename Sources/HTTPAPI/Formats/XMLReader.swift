internal import CExpat

/// Reads the members of one flat data contract with expat.
///
/// A document type declaration or processing instruction ends the reading where it begins, so no entity is ever
/// declared and nothing is ever fetched or expanded beyond the five of XML itself. Work and memory are linear in the
/// length of the text.
struct XMLReader: Sendable {
    /// A member met.
    enum Value: Sendable, Hashable {
        case text([UInt8])
        /// `i:nil="true"`.
        case null
    }

    static let maximumDepth = 256

    /// The name of the root element wanted, as expat expands it.
    let root: String
    /// The names of the members wanted, likewise.
    let members: [String]

    /// A reader of a root element and members that all lie in `namespace`.
    init(root: String, namespace: String, members: [String]) {
        // No name holds a line feed, so an expanded name has one meaning only (XML_ParserCreateNS in expat.h).
        self.root = namespace + "\n" + root
        self.members = members.map { namespace + "\n" + $0 }
    }

    /// The first value of each member, nil for one that is not there; all nil when the root itself is nil.
    ///
    /// - Parameter charset: the one of Content-Type. UTF-16 is read only when that says so; a declaration that names
    ///   another encoding is refused, for a password would be misread.
    func read(_ body: [UInt8], charset: TextEncoding = .utf8) throws(XMLFault) -> [Value?] {
        let text = try Self.utf8(body, charset: charset)
        guard let parser = unsafe XML_ParserCreateNS("UTF-8", XML_Char(UInt8(ascii: "\n"))) else {
            throw XMLFault(code: .malformed("out of memory"), offset: 0)
        }
        defer { unsafe XML_ParserFree(parser) }
        let state = unsafe XMLReaderState(reader: self, charset: charset, parser: parser)
        unsafe Self.install(state, in: parser)
        let status = withExtendedLifetime(state) {
            unsafe text.withUnsafeBytes { buffer in
                unsafe buffer.withMemoryRebound(to: CChar.self) { characters in
                    unsafe XML_Parse(parser, characters.baseAddress, Int32(clamping: characters.count), 1)
                }
            }
        }
        let offset = max(unsafe Int(XML_GetCurrentByteIndex(parser)), 0)
        if let code = state.fault {
            throw XMLFault(code: code, offset: offset)
        }
        guard status == XML_STATUS_OK, text.count <= Int(Int32.max) else {
            let words = unsafe XML_ErrorString(XML_GetErrorCode(parser)).map { unsafe String(cString: $0) }
            throw XMLFault(code: .malformed(words ?? "not well-formed"), offset: offset)
        }
        return state.values
    }

    /// The text as UTF-8 without a BOM.
    private static func utf8(_ body: [UInt8], charset: TextEncoding) throws(XMLFault) -> [UInt8] {
        let text: [UInt8]?
        switch charset {
        case .utf8: text = body.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(body.dropFirst(3)) : body
        case .utf16: text = TextEncoding.utf8(fromUTF16: body)
        }
        // Told that the text is UTF-8, expat still takes it for UTF-16 when it begins with a BOM or a zero octet says so
        // (initScan in xmltok_ns.c); neither occurs in XML in UTF-8.
        guard let text, text.first ?? 0x20 < 0xFE, !text.contains(0) else {
            throw XMLFault(code: .encoding, offset: 0)
        }
        return text
    }

    /// Sets the handlers; each gets `state` back as its user data and stops the parser once that holds a fault.
    @unsafe private static func install(_ state: XMLReaderState, in parser: XML_Parser) {
        unsafe XML_SetUserData(parser, Unmanaged.passUnretained(state).toOpaque())
        unsafe XML_SetElementHandler(
            parser,
            { data, name, attributes in
                unsafe XMLReader.handle(data) { state in unsafe state.start(name, attributes) }
            },
            { data, _ in
                unsafe XMLReader.handle(data) { $0.end() }
            }
        )
        unsafe XML_SetCharacterDataHandler(parser) { data, characters, count in
            unsafe XMLReader.handle(data) { state in
                unsafe state.characters(UnsafeRawBufferPointer(start: characters, count: Int(count)))
            }
        }
        unsafe XML_SetXmlDeclHandler(parser) { data, _, encoding, _ in
            unsafe XMLReader.handle(data) { state in
                state.declaration(encoding: unsafe encoding.map { unsafe String(cString: $0) })
            }
        }
        unsafe XML_SetStartDoctypeDeclHandler(parser) { data, _, _, _, _ in
            unsafe XMLReader.handle(data) { $0.fault = .doctype }
        }
        unsafe XML_SetEntityDeclHandler(parser) { data, _, _, _, _, _, _, _, _ in
            unsafe XMLReader.handle(data) { $0.fault = .doctype }
        }
        unsafe XML_SetProcessingInstructionHandler(parser) { data, _, _ in
            unsafe XMLReader.handle(data) { $0.fault = .processingInstruction }
        }
    }

    @unsafe private static func handle(_ data: UnsafeMutableRawPointer?, _ body: (XMLReaderState) -> Void) {
        guard let data = unsafe data else {
            return
        }
        let state = unsafe Unmanaged<XMLReaderState>.fromOpaque(data).takeUnretainedValue()
        // Some handlers are still called after XML_StopParser (expat.h); the first fault counts.
        guard state.fault == nil else {
            return
        }
        body(state)
        if state.fault != nil {
            _ = unsafe XML_StopParser(state.parser, XML_Bool(XML_FALSE))
        }
    }
}
