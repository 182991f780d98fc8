import {
  hasCredentials,
  isGitUrl,
  repositoryKey,
  urlProblem,
  withoutCredentials,
} from '../../src/domain/git/address.ts';

test.each([
  ['https://git.example.com/models.git', true],
  ['git@git.example.com:acme/models.git', true],
  ['file:///srv/git/models', true],
  ['ext::sh -c touch% /tmp/x', true],
  ['models/pumps', false],
  ['/srv/git/models', false],
  ['C:\\models', false],
])('%s is a URL: %p', (project, expected) => {
  expect(isGitUrl(project)).toBe(expected);
});

test.each([
  ['https://git.example.com/models.git', undefined],
  ['ssh://git@git.example.com:2222/models.git', undefined],
  ['git@git.example.com:acme/models.git', undefined],
  ['file:///srv/git/models', undefined],
  ['ext::sh -c touch% /tmp/x', /must begin with https/],
  ['ext://sh', /must begin with https/],
  ['fd::17', /must begin with https/],
  ['--upload-pack=touch /tmp/x', /must begin with https/],
  ['ssh://-oProxyCommand=touch/x', /begins with "-"/],
  ['ssh://git@-oProxyCommand=touch/x', /begins with "-"/],
  ['https://git.example.com/a b', /white space/],
])('what git must not be given: %s', (url, problem) => {
  if (problem === undefined) expect(urlProblem(url)).toBeUndefined();
  else expect(urlProblem(url)).toMatch(problem);
});

test('credentials are taken out wherever a URL stands in a text', () => {
  const text =
    "fatal: unable to access 'https://ada:s3cret@git.example.com/a.git/': see http://t0ken@b.example/x";
  expect(withoutCredentials(text)).toBe(
    "fatal: unable to access 'https://git.example.com/a.git/': see http://b.example/x",
  );
  expect(withoutCredentials('git@git.example.com:a.git')).toBe('git@git.example.com:a.git');
  expect(['https://t0ken@h/a', 'https://a:b@h/a', 'ssh://a:b@h/a'].map(hasCredentials)).toEqual([
    true,
    true,
    true,
  ]);
  expect(['https://h/a@b', 'ssh://git@h/a', 'git@h:a'].map(hasCredentials)).toEqual([false, false, false]);
});

test('addresses of one repository have one key', () => {
  const same = [
    'https://git.example.com/Acme/models.git',
    'https://Git.Example.com/Acme/models/',
    'https://ada:x@git.example.com/Acme/models',
    'ssh://git@git.example.com:2222/Acme/models.git',
    'git@git.example.com:Acme/models.git',
    'git@git.example.com:/Acme/models.git',
  ];
  expect(new Set(same.map(repositoryKey))).toEqual(new Set(['git.example.com/Acme/models']));
  const other = ['https://git.example.com/Acme/models2', 'https://evil.example/git.example.com/Acme/models'];
  expect(other.map(repositoryKey)).not.toContain('git.example.com/Acme/models');
  expect(repositoryKey('file:///srv/git/models.git')).toBe('/srv/git/models');
});
