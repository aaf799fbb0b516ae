import Authentication
import DirectoryAuth
import EventPoller
import Glibc
import HTTPAPI
import Logging
import Negotiate

extension Configuration {
    /// What judges Kerberos tickets; nil when no keytab is configured.
    func signOn(poller: EventPoller, pools: Pools, logger: Logger) -> (any SignOnVerifying)? {
        guard let keytab = kerberos.keytab else { return nil }
        return KerberosSignOn(
            NegotiateAcceptor.Settings(
                keytab: keytab.path ?? keytab.candidates[0],
                service: kerberos.service,
                replayCache: replayCache,
                channelBinding: kerberos.channelBinding
            ),
            poller: poller,
            pool: pools.tickets,
            logger: logger
        )
    }

    /// Where authenticators seen are remembered. Not in the RuntimeDirectory, which systemd empties at each stop: what was
    /// used just before a restart could be used again just after it.
    private var replayCache: String? {
        // A list when the unit names several (systemd.exec(5)).
        let state = unsafe getenv("STATE_DIRECTORY").map { unsafe String(cString: $0) }
        if let folder = state?.split(separator: ":").first { return "\(folder)/kerberos.rcache" }
        return storage.sqlitePath.map { "\(ConfigurationPath.folder(of: $0))/kerberos.rcache" }
    }
}

extension HTTPLimits {
    /// Room for the largest ticket Windows makes (MaxTokenSize is at most 65 535 octets) in base64, and for what else there is.
    mutating func admitTickets() {
        maxHeaderField = max(maxHeaderField, 96 * 1024)
        maxHeaders = max(maxHeaders, 128 * 1024)
    }
}
