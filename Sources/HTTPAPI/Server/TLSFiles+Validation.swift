extension TLSFiles {
    /// Loads certificate and key the way a listener does, and lets them go again.
    ///
    /// Blocks while the files are read.
    ///
    /// - Returns: when the first certificate of the chain to end does so, in seconds since the epoch.
    /// - Throws: ``HTTPServerError`` with the code `certificate`; its reason names the file at fault.
    @discardableResult
    public func validate() throws(HTTPServerError) -> Int64 {
        try TLSContext.readNow(self).expiry
    }
}
