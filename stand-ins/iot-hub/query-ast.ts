/** The subset of IoT Hub's query language that the hub answers. */
export type Path = readonly string[];

export type Operand =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: string | number | boolean | null };

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'not'; readonly operand: Condition }
  | {
      readonly kind: 'compare';
      readonly operator: Comparison;
      readonly left: Operand;
      readonly right: Operand;
    }
  | {
      readonly kind: 'in';
      readonly negated: boolean;
      readonly left: Operand;
      readonly list: readonly Operand[];
    }
  | { readonly kind: 'defined'; readonly path: Path }
  | { readonly kind: 'startsWith'; readonly left: Operand; readonly right: Operand };

export type Selected =
  | { readonly kind: 'count'; readonly name: string }
  | { readonly kind: 'path'; readonly path: Path; readonly name: string };

export interface Query {
  /** null: `SELECT *`. */
  readonly select: readonly Selected[] | null;
  readonly top: number | null;
  readonly from: 'devices' | 'devices.modules';
  readonly where: Condition | null;
  readonly groupBy: readonly Path[];
}
