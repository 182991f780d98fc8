import { closeRunFolder } from './run-folder.ts';
import { phase } from './run-times.ts';

export default () => phase('teardown', closeRunFolder);
