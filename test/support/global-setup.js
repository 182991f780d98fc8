export { openRunFolder as default } from './run-folder.js';
