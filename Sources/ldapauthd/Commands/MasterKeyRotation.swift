import Authentication
import Glibc
import Storage
import Tokens

/// `ldapauthd key rotate --master`: a new master key beside the old one, the store wrapped by it in one transaction, and then
/// the new file in the old one's place. After an interruption at any point the store opens, and the command goes on where it
/// stopped.
struct MasterKeyRotation {
    let config: ConfigurationOption

    func run() async throws {
        Operator.note()
        let configuration = try config.load(filesToo: false)
        try StoreRoom.require(configuration)
        guard let path = configuration.masterKeyPath else { return }
        do {
            // As whoever gave the command: the file need not be the store's owner's.
            let present = try MasterKey.load(path: path, creating: false)
            let successor = try MasterKey.prepareSuccessor(of: path)
            let old = Self.retiredPath(of: path)
            let isShared = try await rewrap(configuration, from: present, to: successor)
            try StoreOwner.resume()
            try MasterKey.installSuccessor(of: path, keepingOldAs: old)
            Operator.leaveTrace("key rotate --master", outcome: path)
            report(configuration, path, old, isShared)
        } catch {
            throw StoreRoom.failure(error)
        }
    }

    /// Where a master key that was replaced now is kept.
    static func retiredPath(of path: String) -> String {
        let digits = DateText.utc(SystemWallClock().now()).filter(\.isNumber)
        return "\(path).until-\(digits)"
    }

    private func rewrap(
        _ configuration: Configuration,
        from present: MasterKey,
        to successor: MasterKey
    ) async throws -> Bool {
        let store = try await configuration.openStore(temporarily: true, logger: .quiet)
        let pools = Pools(hashThreads: 1)
        defer { pools.shutdown() }
        do {
            let check = try await store.masterKeyCheck(orStore: present.checkValue)
            // Otherwise an attempt before came as far as this.
            if check != successor.checkValue {
                let ring = try await configuration.keyRing(store, present, pools)
                try await ring.rotateMasterKey(to: successor)
            }
        } catch {
            await store.close()
            throw error
        }
        await store.close()
        return store.isShared
    }

    private func report(_ configuration: Configuration, _ path: String, _ old: String, _ isShared: Bool) {
        Terminal.say("The keys in the store are wrapped by a new master key, which lies in \(path).")
        Terminal.say("The one before is kept as \(old): backups of the store made until now need it.")
        if configuration.masterKeyFile?.spelling.hasPrefix("credential:") == true {
            Terminal.say("A running daemon goes on; restart it soon, so that systemd hands it the new credential.")
        }
        if isShared {
            Terminal.say("Copy \(path) to the other nodes now; until then they go on with the keys they have.")
        }
    }
}
