const PASSED =
  /^(PATH|HOME|USER|LANG|LC_[A-Z]+|TZ|TMPDIR|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|PIP_[A-Z_]+|(https?|all|no)_proxy|CUDA_VISIBLE_DEVICES|LD_LIBRARY_PATH)$/i;

/**
 * The part of this process's environment that a project's command may see: paths, locale, proxies;
 * no credentials of ours.
 */
export function cleanEnvironment(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([key, value]) =>
      value !== undefined && PASSED.test(key) ? [[key, value]] : [],
    ),
  );
}
