import Authentication
import FoundationEssentials
import Storage

/// The local accounts that there are, for a command that only looks; nothing is ever written.
///
/// Where there is no store there are no accounts. A store that cannot be read is told of when an account is asked for: a
/// login that needs none goes on without it.
struct PresentAccounts: AccountStore {
    private let store: SQLStore?
    /// Why the store cannot be read.
    let trouble: StoreError?

    static func open(_ configuration: Configuration) async -> PresentAccounts {
        do throws(StoreError) {
            return PresentAccounts(store: try await configuration.readableStore(), trouble: nil)
        } catch {
            return PresentAccounts(store: nil, trouble: error)
        }
    }

    func close() async { await store?.close() }

    func account(foldedName: String) async throws(StoreError) -> LocalAccount? {
        try await readable()?.account(foldedName: foldedName)
    }

    func account(id: UUID) async throws(StoreError) -> LocalAccount? {
        try await readable()?.account(id: id)
    }

    func accounts() async throws(StoreError) -> [LocalAccount] {
        try await readable()?.accounts() ?? []
    }

    private func readable() throws(StoreError) -> SQLStore? {
        if let trouble { throw trouble }
        return store
    }

    private static let refusal = StoreError(.unusable, "this command only looks at the store")

    func insert(
        _ accounts: [LocalAccount],
        progress: @escaping @Sendable (Int) -> Void
    ) async throws(StoreError) { throw Self.refusal }

    func update(
        id: UUID,
        _ change: @escaping @Sendable (inout LocalAccount) -> Void
    ) async throws(StoreError) -> LocalAccount? { throw Self.refusal }

    /// A hash of older parameters stays: the next real login renews it.
    func replaceHash(of id: UUID, _ old: String, with new: String) async throws(StoreError) -> Bool { false }

    func remove(id: UUID) async throws(StoreError) -> Bool { throw Self.refusal }
}
