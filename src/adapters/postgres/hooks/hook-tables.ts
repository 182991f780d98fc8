export interface HookTables {
  hook_deliveries: { provider: string; key: string; received_at: Date };
}
