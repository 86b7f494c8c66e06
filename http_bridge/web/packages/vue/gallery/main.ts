import { createApp } from 'vue';
import Gallery from './Gallery.vue';

// ?lang=ar shows it in Arabic, and from right to left.
const lang = new URLSearchParams(location.search).get('lang') ?? 'en';
document.documentElement.lang = lang;
document.documentElement.dir = lang === 'ar' ? 'rtl' : 'ltr';
createApp(Gallery).mount('#gallery');
