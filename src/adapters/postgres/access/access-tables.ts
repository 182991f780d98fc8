import type { Role } from '../../../contracts/roles.ts';

export interface AccessTables {
  role_grants: { actor: string; project: string; role: Role; granted_at: Date; granted_by: string };
  api_tokens: {
    id: string;
    actor: string;
    hash: string;
    created_at: Date;
    created_by: string;
    expires_at: Date | null;
    revoked_at: Date | null;
  };
}
