import { randomUUID } from 'node:crypto';
import { messageOf } from '../../src/base/error-message.ts';

/**
 * IoT Hub's error codes: the name in the body and in `iothub-errorcode`, its HTTP status, its
 * number for devices.
 */
const CODES = {
  ArgumentInvalid: { status: 400, number: 400004 },
  InvalidProtocolVersion: { status: 400, number: 400002 },
  LinkCreationConflict: { status: 409, number: 409002 },
  IotHubUnauthorizedAccess: { status: 401, number: 401002 },
  ConfigurationCountLimitExceeded: { status: 403, number: 403009 },
  ModuleLimitExceeded: { status: 403, number: 403010 },
  DeviceNotFound: { status: 404, number: 404001 },
  ModuleNotFound: { status: 404, number: 404010 },
  ConfigurationNotFound: { status: 404, number: 404011 },
  DeviceNotOnline: { status: 404, number: 404103 },
  ResourceNotFound: { status: 404, number: 404000 },
  MethodNotAllowed: { status: 405, number: 405000 },
  DeviceAlreadyExists: { status: 409, number: 409001 },
  ModuleAlreadyExistsOnDevice: { status: 409, number: 409301 },
  ConfigurationAlreadyExists: { status: 409, number: 409302 },
  PreconditionFailed: { status: 412, number: 412001 },
  MessageTooLarge: { status: 413, number: 413001 },
  ThrottlingException: { status: 429, number: 429001 },
  ServerError: { status: 500, number: 500001 },
  InvalidResponseFromDevice: { status: 502, number: 502001 },
  ServiceUnavailable: { status: 503, number: 503001 },
  GatewayTimeout: { status: 504, number: 504101 },
} as const;
export type HubErrorCode = keyof typeof CODES;

/** Thrown by the hub's parts; carries what IoT Hub answers in its place. */
export class HubError extends Error {
  readonly code: HubErrorCode;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: HubErrorCode, message: string, retryAfterSeconds?: number) {
    super(message);
    this.name = 'HubError';
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  get status(): number {
    return CODES[this.code].status;
  }

  get number(): number {
    return CODES[this.code].number;
  }

  /** The JSON body of an HTTP answer. */
  toBody(now: Date): { Message: string; ExceptionMessage: string } {
    return {
      Message: `ErrorCode:${this.code};${this.message}`,
      ExceptionMessage: `Tracking ID:${randomUUID().replaceAll('-', '')}-TimeStamp:${now.toISOString()}`,
    };
  }

  /** The JSON body of an answer to a device over MQTT. */
  toDeviceBody(now: Date): { errorCode: number; trackingId: string; message: string; timestampUtc: string } {
    return {
      errorCode: this.number,
      trackingId: randomUUID().replaceAll('-', ''),
      message: this.message,
      timestampUtc: now.toISOString(),
    };
  }
}

/** Any thrown value as a HubError; what is not one becomes a ServerError. */
export function toHubError(error: unknown): HubError {
  if (error instanceof HubError) return error;
  return new HubError('ServerError', messageOf(error));
}
