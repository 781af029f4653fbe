"""The storage account: entities in tables, transactions, messages in queues, and the protocol they go by."""
