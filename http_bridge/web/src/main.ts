import { createApp } from 'vue';
import App from './App.vue';
import { createMessages } from './i18n/i18n';
import { showFirstLanguage } from './i18n/use_language';
import { showStoredTheme } from './preferences/theme';
import { router } from './router';
import './styles/tokens.css';
import './styles/base.css';

showStoredTheme();
const i18n = createMessages();
// Nobody should see English first who does not read it.
void showFirstLanguage(i18n.global).then(() => {
  createApp(App).use(i18n).use(router).mount('#app');
});
