extension TLSFiles {
    /// Loads certificate and key the way a listener does, and lets them go again.
    ///
    /// - Throws: ``HTTPServerError`` with the code `certificate`; its reason names the file at fault.
    public func validate() async throws(HTTPServerError) {
        _ = try await TLSContext.load(self)
    }
}
