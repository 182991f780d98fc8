/** Days for which a webhook delivery is remembered; one that says it is older is refused. */
export const DELIVERY_KEPT_DAYS = 30;
