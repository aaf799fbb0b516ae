extension Task where Failure == Never {
    /// A task that its maker's cancellation does not reach, on the executor that its maker prefers.
    ///
    /// An unstructured task inherits no preference (SE-0417), and would change threads for nothing.
    static func onSameExecutor(_ operation: sending @escaping () async -> Success) -> Task<Success, Never> {
        let executor = unsafe withUnsafeCurrentTask { unsafe $0?.unownedTaskExecutor?.asTaskExecutor() }
        return Task(executorPreference: executor, operation: operation)
    }
}
