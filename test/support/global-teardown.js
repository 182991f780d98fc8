import { closeRunFolder } from './run-folder.js';
import { phase } from './run-times.js';

export default () => phase('teardown', closeRunFolder);
