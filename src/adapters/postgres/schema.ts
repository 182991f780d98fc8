// Each area declares its tables beside its store; this is where they come together.
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface Database {}
